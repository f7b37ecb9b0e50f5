"""rezayi2021's own accuracy: the mean of training and test accuracy over the training cycles (its 100 epochs).

Its abstract: "the mean accuracy of training and test networks for 100 training cycles". Networks here see no test image
before they are done, so that the validation images, drawn from all images as the test images are, stand in for them.
The plain accuracy is that of the last network on the test rows, as `metrics/evaluate/<model>.json` has it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

#: What a reader is told of the figure.
NOTE = "validation accuracy stands in for test accuracy"


def accuracy_over_cycles(curves: pd.DataFrame) -> float | None:
    """Return the mean over folds of the mean over epochs of (training + validation accuracy) / 2.

    `curves`: columns fold, epoch, train_accuracy and val_accuracy, shares of 1; None where one was not measured.
    """
    columns = curves.reindex(columns=["train_accuracy", "val_accuracy"])
    if columns.empty or columns.isna().any(axis=None):
        return None
    return float(columns.mean(axis=1).groupby(curves["fold"]).mean().mean())


def read_cycles(run_dir: Path, row: str) -> float | None:
    """Return the figure of a row of a run in `results/`, from `plots/train/<row>.csv` there."""
    path = run_dir / "plots" / "train" / f"{row}.csv"
    return accuracy_over_cycles(pd.read_csv(path)) if path.exists() else None
