"""All folds of one ensemble: predictions like any model's, and what its training metrics file holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.ensemble import stack
from hemapipe.ensemble.members import Floats, Members


class Combined(NamedTuple):
    """What came of it.

    `predictions`: PREDICTIONS and p_<class>, a row per fold and sample all members predicted. `weights`: of the members
    in fold 0, which new images are predicted with; none of a vote.
    """

    predictions: pd.DataFrame
    metrics: dict[str, float]
    weights: list[float]


def combine(kind: str, members: Members) -> Combined:
    """Combine by `kind`: vote, the mean of the calibrated probabilities, or stack.

    A stack predicts validation rows by models fitted on the other groups, so that its validation score is no score on
    its own training rows; every other row by the one fitted on all validation rows of the fold.

    Raises:
        HemapipeError: a stack, and a fold has no or too few validation rows.
    """
    fitted: dict[str, float] = {}
    weights: list[float] = []
    if kind == "vote":
        p = np.mean(members.calibrated, axis=0)
    else:
        p, by_fold = _stacked(members)
        weights = by_fold[0].tolist()
        mean = by_fold.mean(axis=0).round(6)
        fitted = {f"weight_{name}": float(weight) for name, weight in zip(members.names, mean, strict=True)}
    columns = pd.DataFrame(p, columns=[f"p_{name}" for name in members.class_names], index=members.rows.index)
    metrics = {
        "n_parameters": len(fitted),
        "n_bytes": len(fitted) * p.itemsize,
        "n_members": len(members.raw),
        "n_test_left_out": members.n_left_out,
        **fitted,
        **_validation_scores(members, p),
    }
    return Combined(members.rows.join(columns), metrics, weights)


def _stacked(members: Members) -> tuple[Floats, Floats]:
    """Return probabilities (n, k), and the weights (folds, members)."""
    x = stack.level_one(members.raw)
    fold = members.rows["fold"].to_numpy()
    p = np.zeros(x.shape[1:])
    weights = []
    for one in np.unique(fold):
        of, val = fold == one, (fold == one) & (members.target >= 0)
        if not val.any():
            raise HemapipeError(
                f"fold {one} has no validation rows to fit a stack on: raise split.val_frac or use vote"
            )
        weights.append(stack.fit(x[:, val], members.target[val], members.group[val]))
        p[of] = stack.predict(x[:, of], weights[-1])
        p[val] = stack.cross_fit(x[:, val], members.target[val], members.group[val])
    return p, np.array(weights)


def _validation_scores(members: Members, p: Floats) -> dict[str, float]:
    """Return the mean over folds of log loss and accuracy of validation rows, as training does; none without rows."""
    val = members.target >= 0
    true = p[val, members.target[val]]
    right = p[val].argmax(axis=1) == members.target[val]
    table = pd.DataFrame({"val_loss": -np.log(np.maximum(true, np.finfo(float).tiny)), "val_accuracy": right})
    means = table.groupby(members.rows["fold"].to_numpy()[val]).mean().mean()
    return {str(name): float(value) for name, value in means.items() if np.isfinite(value)}
