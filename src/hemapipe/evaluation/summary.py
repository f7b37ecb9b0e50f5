"""The flat metrics of one model: point values, spread over folds, intervals over groups."""

from __future__ import annotations

import numpy as np

from hemapipe.evaluation.bootstrap import intervals
from hemapipe.evaluation.metrics import Floats, probability_scores, score
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows

#: What calibration changes; their values before it are kept beside those after.
UNCALIBRATED = ("log_loss", "ece")


def summarise(rows: ScoredRows, params: EvaluateParams, seed: int) -> dict[str, float]:
    """Return flat, finite metrics over the test rows of all folds.

    `<metric>` is the value over all rows; `<metric>_sd` the standard deviation over folds (n − 1; left out with one
    fold); `<metric>_low` and `<metric>_high` the 95 % bootstrap interval over groups. Undefined metrics are left out
    (see `metrics`). Six significant digits, so that the order of sums in a linear-algebra library does not show.
    """

    def scorer(weights: Floats) -> dict[str, Floats]:
        raw = probability_scores(rows.y, rows.raw, weights, params.ece_bins)
        before = {f"{name}_uncalibrated": raw[name] for name in UNCALIBRATED}
        return score(rows.y, rows.p, weights, rows.class_names, params.ece_bins) | before

    folds = np.unique(rows.fold)
    masks = [(rows.fold == fold).astype(float) for fold in folds]
    found: dict[str, float] = {}
    for name, values in scorer(np.vstack([np.ones(len(rows.y)), *masks])).items():
        found[name] = float(values[0])
        if len(folds) > 1:
            found[f"{name}_sd"] = float(np.std(values[1:], ddof=1))
    for name, (low, high) in intervals(scorer, rows.group, params.n_resamples, seed).items():
        found |= {f"{name}_low": low, f"{name}_high": high}
    counts = {"n_test": len(rows.y), "n_groups": len(np.unique(rows.group)), "n_folds": len(folds)}
    return {name: float(f"{value:.6g}") for name, value in found.items() if np.isfinite(value)} | counts
