"""Thresholds on a score: for a wanted sensitivity, or for the least cost. From validation rows, never from test rows.

A row is called positive where its score is at or above the threshold. Scores are rounded to `DIGITS` decimals wherever
one is made, here and in evaluation, so that the last bits of a processor decide no call.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hemapipe.calibrate.params import CalibrateParams, Cost

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DIGITS = 9
#: A threshold above every probability: nobody is called positive.
NOBODY = 1.000001
#: With a cost, fewer validation rows of either kind than this are noted.
FEW = 20
MISSING_KIND = "positive or negative validation rows are missing: no threshold"


def score(p: Floats, chosen: list[int]) -> Floats:
    """Return the summed probability (n,) of the `chosen` columns of `p` (n, k)."""
    return np.round(p[:, chosen].sum(axis=1), DIGITS)


def for_sensitivity(scores: Floats, positive: Bools, wanted: float) -> float:
    """Return the largest t at which the share of positives with a score ≥ t is at least `wanted`.

    That is the ⌈wanted · n⌉-th highest score of the n positives: an order statistic, nothing is interpolated.
    """
    ordered = np.sort(scores[positive])[::-1]
    rank = math.ceil(wanted * len(ordered) - 1e-9)  # .95 · 20 is 19, not a hair more
    return float(ordered[max(rank, 1) - 1])


def for_cost(scores: Floats, positive: Bools, cost: Cost) -> float:
    """Return the threshold of least total cost; of equal ones the lowest, which misses fewest.

    Only the scores themselves and `NOBODY` can be optimal.
    """
    candidates = np.append(np.unique(scores), NOBODY)
    missed = np.searchsorted(np.sort(scores[positive]), candidates, "left")
    alarmed = (~positive).sum() - np.searchsorted(np.sort(scores[~positive]), candidates, "left")
    return float(candidates[np.argmin(cost.miss * missed + cost.false_alarm * alarmed)])


def fit(scores: Floats, positive: Bools, params: CalibrateParams) -> dict[str, Any]:
    """Return `{threshold, val_sensitivity, val_specificity, n_val_positive, n_val_negative}`, and a `note` if too few.

    Where a kind is missing there is no threshold (None) unless a sensitivity is wanted, which needs positives only; an
    undefined rate is None.
    """
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    counts = {"n_val_positive": n_positive, "n_val_negative": n_negative}
    if not n_positive or (params.cost and not n_negative):
        return {"threshold": None, "val_sensitivity": None, "val_specificity": None, **counts, "note": MISSING_KIND}
    if params.cost:
        threshold = for_cost(scores, positive, params.cost)
    else:
        threshold = for_sensitivity(scores, positive, params.sensitivity)
    called = scores >= threshold
    found = {
        "threshold": threshold,
        "val_sensitivity": float(called[positive].mean()),
        "val_specificity": float((~called[~positive]).mean()) if n_negative else None,
        **counts,
    }
    note = _note(n_positive, n_negative, params)
    return found | ({"note": note} if note else {})


def _note(n_positive: int, n_negative: int, params: CalibrateParams) -> str:
    if params.cost:
        few = min(n_positive, n_negative) < FEW
        return f"fewer than {FEW} validation rows of a kind: the threshold is uncertain" if few else ""
    if math.ceil(params.sensitivity * n_positive - 1e-9) < n_positive:
        return ""
    return f"the threshold is the lowest of {n_positive} positive validation scores: too few to miss any"
