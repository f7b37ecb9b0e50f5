"""The flat metrics of one model: point values, spread over folds, intervals over groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hemapipe.evaluation.bootstrap import FEW_GROUPS, FEW_GROUPS_OF_A_CLASS, Scorer, intervals, rarest
from hemapipe.evaluation.complete import complete
from hemapipe.evaluation.metrics import Floats, probability_scorer, scorer
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows
from hemapipe.evaluation.proportions import evidence, proportions
from hemapipe.evaluation.wilson import wilson

#: What calibration changes; their values before it are kept beside those after.
UNCALIBRATED = ("log_loss", "ece")


def summarise(rows: ScoredRows, params: EvaluateParams, seed: int) -> dict[str, float]:
    """Return flat, finite metrics over the test rows of all folds.

    `<metric>` is the value over all rows; `<metric>_sd` the standard deviation over folds (n − 1; left out with one
    fold); `<metric>_low` and `<metric>_high` the 95 % interval of `limits`. Undefined metrics and limits are left out
    (see `metrics` and `intervals`). `few_groups` is 1 below `FEW_GROUPS` groups, `few_groups_rarest` where the class
    with the fewest has under `FEW_GROUPS_OF_A_CLASS` (`n_groups_rarest`). Six significant digits, so that the order of
    sums in a linear-algebra library does not show.
    """
    score = model_scorer(rows, params.ece_bins)
    folds = np.unique(rows.fold)
    masks = [(rows.fold == fold).astype(float) for fold in folds]
    found: dict[str, float] = {}
    for name, values in score(np.vstack([np.ones(len(rows.y)), *masks])).items():
        found[name] = float(values[0])
        if len(folds) > 1:
            found[f"{name}_sd"] = float(np.std(values[1:], ddof=1))
    for name, (low, high) in limits(rows, score, params.n_resamples, seed).items():
        found |= {f"{name}_low": low, f"{name}_high": high}
    n_groups, n_rarest = len(np.unique(rows.group)), rarest(rows.y, rows.group)
    counts = {"n_test": len(rows.y), "n_groups": n_groups, "n_groups_rarest": n_rarest, "n_folds": len(folds)}
    flags = {"few_groups": int(n_groups < FEW_GROUPS), "few_groups_rarest": int(n_rarest < FEW_GROUPS_OF_A_CLASS)}
    rounded = {name: float(f"{value:.6g}") for name, value in found.items() if np.isfinite(value)}
    return rounded | counts | flags


def model_scorer(rows: ScoredRows, ece_bins: int) -> Scorer:
    """Return a scorer of every metric of the calibrated probabilities, and of `UNCALIBRATED` before calibration."""
    after = scorer(rows.y, rows.p, rows.class_names, ece_bins)
    before = probability_scorer(rows.y, rows.raw, ece_bins)

    def score(weights: Floats) -> dict[str, Floats]:
        raw = before(weights)
        return after(weights) | {f"{name}_uncalibrated": raw[name] for name in UNCALIBRATED}

    return score


def limits(rows: ScoredRows, score: Scorer, n_resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return name → 95 % interval: over groups; Wilson's for proportions where each group is a single test row."""
    found = intervals(complete(score, rows.y), rows.group, n_resamples, seed, evidence=evidence(rows))
    if len(np.unique(rows.group)) == len(rows.y):
        found |= {name: wilson(*counts) for name, counts in proportions(rows).items()}
    return found


def bracket(metrics: Mapping[str, Any], name: str) -> str:
    """Return the limits of a number in brackets, after a space; '' where it has none."""
    if f"{name}_low" not in metrics:
        return ""
    return f" [{metrics[f'{name}_low']:.3f}, {metrics[f'{name}_high']:.3f}]"
