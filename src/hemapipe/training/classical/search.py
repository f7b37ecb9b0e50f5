"""Choose settings of a classical model on the inner folds of one fold's training and validation rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import ParameterGrid

from hemapipe.core.errors import HemapipeError

#: Settings, rows to fit on, rows to predict → probabilities (n, k) of the latter.
Predict = Callable[[dict[str, Any], pd.DataFrame, pd.DataFrame], np.ndarray]


class Choice(NamedTuple):
    """The settings chosen, and their mean balanced accuracy over the inner folds."""

    args: dict[str, Any]
    score: float


def choose(grid: dict[str, list[Any]], rows: pd.DataFrame, predict: Predict) -> Choice:
    """Return the combination of `grid` with the best mean balanced accuracy over the inner folds; of equals the first.

    Nested cross-validation: `rows` are the training and validation rows of one fold, its test rows play no part. Each
    inner fold's originals are scored by a model of all others. Columns: inner, variant, target.

    Raises:
        HemapipeError: the rows have no inner folds.
    """
    folds = sorted(set(rows["inner"]) - {-1})
    if not folds:
        raise HemapipeError(
            "a `grid` is chosen on inner folds: set split.n_inner to 3, say (augment.before_split has none)"
        )
    best = Choice({}, -1.0)
    for args in ParameterGrid(grid):
        score = float(np.mean([_score(args, rows, fold, predict) for fold in folds]))
        if score > best.score:
            best = Choice(dict(args), score)
    return best


def balanced_accuracy(target: np.ndarray, best: np.ndarray) -> float:
    """Return the mean recall of the classes that are there."""
    return float(np.mean([(best[target == name] == name).mean() for name in np.unique(target)]))


def _score(args: dict[str, Any], rows: pd.DataFrame, fold: int, predict: Predict) -> float:
    held_out = rows[(rows["inner"] == fold) & (rows["variant"] == 0)]
    p = predict(args, rows[rows["inner"] != fold], held_out)
    return balanced_accuracy(held_out["target"].to_numpy(), p.argmax(axis=1))
