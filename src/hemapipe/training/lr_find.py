"""Which learning rate: raise it from step to step and watch the loss (Smith, Cyclical learning rates, WACV 2017).

Lightning's tuner makes the steps. The suggestion is the rate at which the loss falls most steeply, on its way down.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from lightning.pytorch.tuner import Tuner
from matplotlib.axes import Axes

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed, load, lookup, read_params, resolve
from hemapipe.core.tables import AUGMENT, MANIFEST, classes, read_table
from hemapipe.samples import load_samples
from hemapipe.training.cnn.callbacks import History
from hemapipe.training.cnn.data import FoldData
from hemapipe.training.cnn.fit import check, make_module, make_trainer
from hemapipe.training.cnn.params import CnnRow, TrainParams
from hemapipe.training.cnn.store import ModelCard, make_card

#: From where to where, and in how many steps: fastai's defaults.
LOWEST, HIGHEST, N_STEPS = 1e-7, 10.0, 100
#: The search ends where the smoothed loss is this many times its smallest.
_STOP = 4.0
#: How much of the smoothed loss a step of the tuner keeps (its own constant).
_BETA = 0.98


class LrCurve(NamedTuple):
    """`table`: lr, loss (smoothed), a row per step; `suggestion` in the same unit as `train_cnn.lr`."""

    table: pd.DataFrame
    suggestion: float


def find_lr(
    card: ModelCard, weights: str, packed: np.ndarray, samples: pd.DataFrame, params: TrainParams, seed: int
) -> LrCurve:
    """Return loss against learning rate of a network that is built for this and thrown away.

    `samples` are the rows of one fold; only those with the role train are used. The same call gives the same answer
    and leaves no trace in the random state of the process. With `lr_body` both groups follow one rate.

    Raises:
        HemapipeError: nothing to train on, or no rate at which the loss falls.
    """
    train = samples[samples["role"] == "train"]
    plain = {"lr_body": None, "schedule": "constant", "early_stopping": 0, "devices": 1, "epochs": N_STEPS}
    recipe = params.model_copy(update=plain)
    check(train, train.iloc[:0], recipe)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_unchanged_random_state())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))  # a line per epoch says nothing here
        if not sys.stderr.isatty():
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))  # the tuner's bar, a hundred lines in a log
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="hemapipe-lr-"))
        module = make_module(card, weights, train, recipe, seed)
        setattr(module, "lr", params.lr)  # noqa: B010 (what the tuner looks for; a number, not a submodule)
        trainer = make_trainer(recipe, History("lr-find", len(train), plain=True), [], scratch)
        data = FoldData(packed, train, train.iloc[:0], params.batch_size, derive_seed(seed, "data"))
        found = Tuner(trainer).lr_find(
            module, datamodule=data, min_lr=LOWEST, max_lr=HIGHEST, num_training=N_STEPS, mode="exponential",
            early_stop_threshold=_STOP, update_attr=False,
        )  # fmt: skip
    table = pd.DataFrame(found.results if found else {"lr": [], "loss": []})[["lr", "loss"]]
    table["loss"] = unbiased(table["loss"].to_numpy())
    suggestion = steepest(table)
    if suggestion is None:
        raise HemapipeError(f"no learning rate between {LOWEST:g} and {HIGHEST:g} makes the loss of {card.arch} fall")
    return LrCurve(table, suggestion)


def unbiased(smoothed: np.ndarray) -> np.ndarray:
    """Return Lightning's smoothed losses (n_steps,) divided by what an average over so few steps should be divided by.

    The average starts at 0; after step k it is divided by 1 - beta^k (Kingma & Ba, Adam, ICLR 2015, section 3).
    Lightning 2.6 divides by 1 - beta^(k + 1): the first loss comes out half as large, and the curve begins with a climb
    whose ragged end can be steeper than the descent that is looked for.
    """
    step = np.arange(1, len(smoothed) + 1)
    return smoothed * (1 - _BETA ** (step + 1)) / (1 - _BETA**step)


def steepest(table: pd.DataFrame) -> float | None:
    """Return the rate (of `lr`, `loss`, by rising rate) where the loss falls most steeply before its minimum, or None.

    Steepness is over the logarithm of the rate, as the steps are.
    """
    loss = table["loss"].to_numpy()
    lowest = int(loss.argmin()) if len(loss) else 0
    if lowest < 2:
        return None
    slope = np.gradient(loss[: lowest + 1], np.log(table["lr"].to_numpy()[: lowest + 1]))
    return float(table["lr"].iloc[int(slope.argmin())])


def from_params(name: str, root: Path) -> LrCurve:
    """Return the curve of the row `name` of params.yaml, on the first fold's training samples of the run in `root`.

    Raises:
        HemapipeError: no such row, what the run made so far is missing, or what `find_lr` raises.
    """
    values = read_params(root / "params.yaml")
    row = load(CnnRow, f"cnn.{name}", root / "params.yaml")
    recipe = resolve(load(TrainParams, "train_cnn", root / "params.yaml"), row)
    data = root / "data"
    packed = data / "packed" / f"{row.px}.npy"
    if not packed.exists():
        raise HemapipeError(f"{packed} not found: `dvc repro augment preprocess@{row.px}` makes what is needed")
    torch.set_num_threads(int(lookup(values, "threads")))
    manifest = read_table(data / "manifest.csv", MANIFEST)
    samples = load_samples(manifest, read_table(data / "augment.csv", AUGMENT))
    card = make_card(row.builder, row.arch or name, row.px, classes(manifest))
    seed = derive_seed(int(lookup(values, "seed")), "find_lr", name)
    return find_lr(card, row.weights, np.load(packed, mmap_mode="r"), samples[samples["fold"] == 0], recipe, seed)


def paint(axes: Axes, curve: LrCurve) -> None:
    """Draw the loss against the rate, and mark the suggestion."""
    table, at = curve.table, curve.suggestion
    axes.plot(table["lr"], table["loss"], color="#1f5f8b", linewidth=1.4)
    axes.axvline(at, color="#c1440e", linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(f"suggested {at:.1e}", (at, table["loss"].max()), xytext=(4, -2), textcoords="offset points",
                  va="top", color="#c1440e")  # fmt: skip
    axes.set(xscale="log", xlabel="learning rate", ylabel="training loss, smoothed")


@contextlib.contextmanager
def _unchanged_random_state() -> Iterator[None]:
    """Put the random states of torch, numpy and python back afterwards."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    on_gpus = torch.cuda.get_rng_state_all()  # [] without one
    try:
        yield
    finally:
        torch.cuda.set_rng_state_all(on_gpus)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
