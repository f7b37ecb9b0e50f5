"""Train one network on one fold."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import lightning
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.training.cnn import layers
from hemapipe.training.cnn.callbacks import History, ResumeFile, callbacks
from hemapipe.training.cnn.data import FoldData
from hemapipe.training.cnn.module import CnnModule
from hemapipe.training.cnn.online import OnlineAugment
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.store import Classifier, ModelCard, build_classifier

_PRECISION = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
_UNFITTING_ADVICE = (
    "does not have many workers",
    "across ranks is zero",  # no validation samples
    "You have overridden `on_after_batch_transfer`",
    "isinstance.treespec, LeafSpec",  # Lightning's own use of torch
)


class Fitted(NamedTuple):
    """A trained network, its history (a row per epoch), and whether this process is the first of several."""

    classifier: Classifier
    rows: list[dict[str, float]]
    first: bool


def fit(
    card: ModelCard,
    weights: str,
    packed: np.ndarray,
    samples: pd.DataFrame,
    params: TrainParams,
    seed: int,
    *,
    title: str = "",
    resume: tuple[Path, float] | None = None,
) -> Fitted:
    """Return the trained network of `card`, starting from `weights` (scratch, packaged or hub).

    `samples` are the rows of one fold; only those with the roles train and val are used. `resume` is a file and
    a number of seconds: training goes on from the file where it exists, and rewrites it no more often than that.

    Raises:
        HemapipeError: nothing to train or validate on, a device or precision that is not there, divergence, SIGTERM.
    """
    train, val = (samples[samples["role"] == role] for role in ("train", "val"))
    check(train, val, params)
    module = make_module(card, weights, train, params, seed)
    history = History(title, len(train), plain=not sys.stdout.isatty())
    trainer = make_trainer(params, history, [ResumeFile(*resume)] if resume else [])
    data = FoldData(packed, train, val, params.batch_size, derive_seed(seed, "data"))
    interrupted = resume[0] if resume and resume[0].exists() else None
    try:
        trainer.fit(module, datamodule=data, ckpt_path=interrupted, weights_only=True)
    except SIGTERMException as stop:  # left alone, it would end the stage with status 0 and no results
        raise HemapipeError(f"{title}: told to stop (SIGTERM); the same command goes on from here") from stop
    return Fitted(module.classifier, history.rows, trainer.is_global_zero)


def make_module(card: ModelCard, weights: str, train: pd.DataFrame, params: TrainParams, seed: int) -> CnnModule:
    """Return the network of `card` as the recipe starts it, for the samples `train`; all that is random is seeded."""
    lightning.seed_everything(seed, verbose=False)
    classifier = build_classifier(card, weights)
    layers.prepare(classifier.network, card.builder, params)
    if params.channels_last:
        classifier.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return CnnModule(
        classifier,
        card.builder,
        params,
        OnlineAugment(params.online_augment, derive_seed(seed, "online"), len(train)),
        _class_weights(train, len(card.classes)) if params.class_weights else None,
    )


def make_trainer(
    params: TrainParams, history: History, further: list[ResumeFile], folder: str | None = None
) -> lightning.Trainer:
    """Return a Lightning trainer that leaves no files behind (but in `folder`) and prints a bar only in a terminal."""
    _quieten()
    # Deterministic mode also fills fresh memory, in case it is read before it is written: 5 % of the time for nothing.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        return lightning.Trainer(
            max_epochs=params.epochs,
            accelerator=device_of(params),
            devices=params.devices,
            precision=_PRECISION[params.precision],  # type: ignore[arg-type]
            # On CUDA some pooling gradients have no deterministic form: warn and go on.
            deterministic="warn" if device_of(params) == "cuda" else True,
            callbacks=[*callbacks(params, history), *further],
            logger=False,
            default_root_dir=folder,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=not history.plain,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, RuntimeError, ValueError) as error:
        raise HemapipeError(
            f"cannot train with accelerator {params.accelerator}, devices {params.devices}, "
            f"precision {params.precision} on this machine: {error}"
        ) from error


def check(train: pd.DataFrame, val: pd.DataFrame, params: TrainParams) -> None:
    """Raise a HemapipeError if there is nothing to train or validate on, or no GPU for half precision."""
    if train.empty:
        raise HemapipeError("a fold has no training samples: see data/splits.csv and the section `split`")
    if val.empty and (params.early_stopping or params.schedule == "plateau"):
        raise HemapipeError("early_stopping and schedule plateau need validation samples: set split.val_frac above 0")
    if params.precision == "16" and device_of(params) == "cpu":
        raise HemapipeError("precision 16 needs a GPU: set bf16 or 32")


def device_of(params: TrainParams) -> str:
    """Return cuda or cpu; `auto` is a CUDA device where there is one."""
    if params.accelerator == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return {"gpu": "cuda", "cpu": "cpu"}[params.accelerator]


def _class_weights(train: pd.DataFrame, n_classes: int) -> torch.Tensor:
    """Return n / (n_classes · n of the class), the 'balanced' weights of King & Zeng (2001)."""
    counts = np.bincount(train["target"], minlength=n_classes)
    return torch.tensor(len(train) / (n_classes * np.maximum(counts, 1)), dtype=torch.float32)


def _quieten() -> None:
    """Silence Lightning's advertisements, and advice that does not fit: batches come from a memory-mapped array."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    for advice in _UNFITTING_ADVICE:
        warnings.filterwarnings("ignore", f".*{advice}.*")
