"""What happens between epochs: history, best weights, plateau schedule, and the file to resume from.

All of them carry their state in that file. They act in the order of `callbacks()`, a `ResumeFile` last.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from torch.optim.lr_scheduler import ReduceLROnPlateau

from hemapipe.core.errors import HemapipeError
from hemapipe.training.cnn.optim import PLATEAU_FACTOR, PLATEAU_PATIENCE
from hemapipe.training.cnn.params import TrainParams

CURVES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


class History(Callback):
    """A row per epoch: its losses, and what it cost; printed where there is no progress bar."""

    def __init__(self, title: str, n_train: int, plain: bool) -> None:
        """Call the run `title`; `n_train` images per epoch; `plain` prints a line per epoch."""
        self.title, self.n_train, self.plain = title, n_train, plain
        self.rows: list[dict[str, float]] = []
        self._began = self._trained = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock of training proper."""
        self._trained = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the row.

        Raises:
            HemapipeError: the loss is not finite any more.
        """
        now = time.perf_counter()
        row = {name: trainer.callback_metrics[name].item() for name in CURVES if name in trainer.callback_metrics}
        if not all(math.isfinite(value) for value in row.values()):
            raise HemapipeError(
                f"{self.title}: the loss is no longer finite in epoch {trainer.current_epoch + 1}: lower lr"
            )
        trained = (self._trained if self._trained > self._began else now) - self._began
        self.rows.append({**row, "seconds": now - self._began, "images_per_second": self.n_train / trained})
        if self.plain and trainer.is_global_zero:
            numbers = "  ".join(f"{name} {value:.4f}" for name, value in row.items())
            epochs = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
            print(f"{self.title}  epoch {epochs}  {numbers}  {now - self._began:.1f} s", flush=True)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the rows of an interrupted run."""
        self.rows = list(state_dict["rows"])


class KeepBest(Callback):
    """Keeps the weights of the epoch with the lowest validation loss and puts them back at the end."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.loss = math.inf
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copy the weights if this epoch is the best so far."""
        loss = trainer.callback_metrics["val_loss"].item()
        if loss < self.loss:
            self.loss = loss
            self.weights = {name: tensor.detach().clone() for name, tensor in pl_module.state_dict().items()}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the best weights back."""
        if self.weights:
            pl_module.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best loss and weights."""
        return {"loss": self.loss, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from those of an interrupted run."""
        self.loss, self.weights = state_dict["loss"], state_dict["weights"]


class Plateau(Callback):
    """Lowers the learning rate when the validation loss stops falling.

    Stepped here and not by Lightning, which would do so only after the resume file is written.
    """

    def __init__(self) -> None:
        """Start without a state."""
        self._schedule: ReduceLROnPlateau | None = None
        self._state: dict[str, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take hold of the optimiser."""
        self._schedule = ReduceLROnPlateau(trainer.optimizers[0], factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE)
        if self._state:
            self._schedule.load_state_dict(self._state)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Step."""
        if self._schedule is not None:
            self._schedule.step(trainer.callback_metrics["val_loss"].item())

    def state_dict(self) -> dict[str, Any]:
        """Return the schedule's best loss and count."""
        return self._schedule.state_dict() if self._schedule else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember them until there is an optimiser."""
        self._state = state_dict


class ResumeFile(Callback):
    """Writes the whole state of training at the end of an epoch, at most once in `every_s` seconds.

    Not after the last epoch: what is lost then is that one epoch, which comes out the same when it is repeated.
    """

    def __init__(self, path: Path, every_s: float) -> None:
        """Write to `path`, in place of the file before."""
        self.path, self.every_s, self._written = path, every_s, time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write, first beside the file: a kill leaves either the old one or the new one."""
        last = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        due = not last and time.monotonic() - self._written >= self.every_s
        if not trainer.strategy.broadcast(due):  # all processes write together or not at all
            return
        beside = self.path.with_suffix(".new")
        trainer.save_checkpoint(beside)
        if trainer.is_global_zero:
            beside.replace(self.path)
        self._written = time.monotonic()


def callbacks(params: TrainParams, history: History) -> list[Callback]:
    """Return the callbacks a recipe asks for, in the order they must act; a `ResumeFile` follows them."""
    chosen: list[Callback] = [history]
    if params.schedule == "plateau":
        chosen.append(Plateau())
    if params.early_stopping:
        # Checked after validation, so that its count is in the resume file, which is written at the epoch's end.
        stop = EarlyStopping("val_loss", patience=params.early_stopping, check_on_train_epoch_end=False)
        chosen += [KeepBest(), stop]
    return chosen
