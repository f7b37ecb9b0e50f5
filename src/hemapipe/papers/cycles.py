"""rezayi2021's own accuracy: the mean of training and test accuracy over the training cycles (its 100 epochs).

Its abstract: "the mean accuracy of training and test networks for 100 training cycles". The plain accuracy is that of
the last network on the test rows, as `metrics/evaluate/<model>.json` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

#: The columns of `plots/train/<model>.csv` that can stand for the held-out images, the best first.
HELD_OUT = ("test_accuracy", "val_accuracy")


@dataclass(frozen=True)
class Cycles:
    """The figure (None where curves lack a column), cycles per fold, which column was held out, and what is missing."""

    value: float | None
    n_cycles: int
    held_out: str
    missing: tuple[str, ...]

    @property
    def note(self) -> str:
        """Say where other images than the paper's stand in for its test images; '' where they do not."""
        return "validation accuracy stands in for test accuracy" if self.held_out == "val_accuracy" else ""


def accuracy_over_cycles(curves: pd.DataFrame) -> Cycles:
    """Return the mean over folds of the mean over epochs of (training + held-out accuracy) / 2.

    `curves`: columns fold, epoch, train_accuracy and one of `HELD_OUT`, shares of 1. The paper has no validation rows,
    its held-out images are the test's; where only `val_accuracy` is there, that stands in and `held_out` says so.
    """
    held_out = next((name for name in HELD_OUT if name in curves and curves[name].notna().all()), "")
    has_train = "train_accuracy" in curves and bool(curves["train_accuracy"].notna().all())
    n_cycles = int(curves.groupby("fold")["epoch"].nunique().min()) if len(curves) else 0
    missing = (*(() if has_train else ("train_accuracy",)), *(() if held_out else HELD_OUT[:1]))
    if missing or not n_cycles:
        return Cycles(None, n_cycles, held_out, missing)
    cycle = (curves["train_accuracy"] + curves[held_out]) / 2
    return Cycles(float(cycle.groupby(curves["fold"]).mean().mean()), n_cycles, held_out, ())


def read_cycles(run_dir: Path, row: str) -> Cycles:
    """Return the figure of a row of a run in `results/`, from `plots/train/<row>.csv` there."""
    path = run_dir / "plots" / "train" / f"{row}.csv"
    if not path.exists():
        return Cycles(None, 0, "", (str(path.relative_to(run_dir)),))
    return accuracy_over_cycles(pd.read_csv(path))
