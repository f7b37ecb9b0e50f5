"""Curves as small tables with stable fields: data first, for `dvc plots diff`; pictures are drawn from them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.evaluation.metrics import confidence_bins
from hemapipe.evaluation.predictions import ScoredRows

Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats, npt.NDArray[np.bool_]], tuple[Floats, Floats]]
MAX_POINTS = 100


def tables(rows: ScoredRows, n_bins: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a model by file stem: confusion, roc, pr, reliability."""
    return {
        "confusion": confusion(rows),
        "roc": by_class(rows, roc, ["fpr", "tpr"]),
        "pr": by_class(rows, precision_recall, ["recall", "precision"]),
        "reliability": reliability(rows, n_bins),
    }


def confusion(rows: ScoredRows) -> pd.DataFrame:
    """Return `actual,predicted` by name, a row per test row."""
    names = np.array(rows.class_names)
    return pd.DataFrame({"actual": names[rows.y], "predicted": names[rows.p.argmax(axis=1)]})


def by_class(rows: ScoredRows, curve: Curve, fields: list[str]) -> pd.DataFrame:
    """Return `class` and the two fields of a curve, for each class against the rest, where both kinds exist."""
    parts = []
    for index, name in enumerate(rows.class_names):
        positive = rows.y == index
        if positive.any() and not positive.all():
            x, y = thin(*curve(rows.p[:, index], positive))
            parts.append(pd.DataFrame({"class": name, fields[0]: x.round(5), fields[1]: y.round(5)}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["class", *fields])


def roc(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the false and true positive rate at every distinct threshold, from (0, 0) to (1, 1)."""
    right, wrong = _called(scores, positive)
    return np.append(0, wrong / wrong[-1]), np.append(0, right / right[-1])


def precision_recall(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return recall and precision at every distinct threshold, from recall 0, where precision is 1 by convention."""
    right, wrong = _called(scores, positive)
    return np.append(0, right / right[-1]), np.append(1, right / (right + wrong))


def reliability(rows: ScoredRows, n_bins: int) -> pd.DataFrame:
    """Return `calibration,confidence,accuracy,n` per filled bin of the largest probability."""
    parts = []
    for name, p in (("before", rows.raw), ("after", rows.p)):
        confidence, right = p.max(axis=1), p.argmax(axis=1) == rows.y
        table = pd.DataFrame({"bin": confidence_bins(confidence, n_bins), "confidence": confidence, "accuracy": right})
        means = table.groupby("bin").agg(
            confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), n=("bin", "size")
        )
        parts.append(means.reset_index(drop=True).assign(calibration=name))
    return pd.concat(parts, ignore_index=True)[["calibration", "confidence", "accuracy", "n"]]


def thin(x: Floats, y: Floats, most: int = MAX_POINTS) -> tuple[Floats, Floats]:
    """Return at most `most` points of a curve, evenly spaced along its length, both ends kept."""
    if len(x) <= most:
        return x, y
    length = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], most)))
    kept[-1] = len(x) - 1
    return x[kept], y[kept]


def _called(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return how many positives and negatives score at or above each distinct threshold, highest first."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    right = np.cumsum(positive[order])[last].astype(float)
    return right, last + 1 - right
