"""Sensitivity and specificity that validation thresholds reach on test rows, with intervals over groups."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hemapipe.calibrate import thresholds
from hemapipe.evaluation.bootstrap import Scorer, intervals
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows
from hemapipe.evaluation.wilson import wilson

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Decision(NamedTuple):
    """One question put to n test rows, answered yes where `score` reaches `threshold`."""

    sensitivity: str  # name of the metric
    specificity: str
    positive: Bools  # (n,) the right answer
    score: Floats  # (n,) calibrated probability of a yes
    threshold: Floats  # (n,) that of the row's fold; NaN where validation rows gave none


def screening(rows: ScoredRows, calibration: dict[str, Any]) -> Decision | None:
    """Return the decision for the positive classes together; None where screening is switched off."""
    positive = [rows.class_names.index(name) for name in calibration.get("positive", [])]
    if not positive:
        return None
    fitted = {fold: one.get("screen") for fold, one in _fitted(calibration).items()}
    return _decide(rows, positive, fitted, "screen_sensitivity", "screen_specificity")


def one_against_rest(rows: ScoredRows, calibration: dict[str, Any]) -> list[Decision]:
    """Return a decision per class, against all others."""
    found = []
    for index, name in enumerate(rows.class_names):
        fitted = {fold: one.get("classes", {}).get(name) for fold, one in _fitted(calibration).items()}
        names = (f"at_threshold_sensitivity_{name}", f"at_threshold_specificity_{name}")
        found.append(_decide(rows, [index], fitted, *names))
    return found


def summarise(rows: ScoredRows, calibration: dict[str, Any], params: EvaluateParams, seed: int) -> dict[str, float]:
    """Return flat, finite metrics at the thresholds, each with `_low`, `_high` and, over folds, `_sd`.

    `screen_*` where screening is on, with `n_screened`, the test rows that had a threshold; `at_threshold_*_<class>`;
    `n_thresholds_noted`: how many thresholds of all folds rest on too few validation rows.
    """
    screen = screening(rows, calibration)
    decisions = [*([screen] if screen else []), *one_against_rest(rows, calibration)]
    scorer = rates(decisions)
    folds = np.unique(rows.fold)
    weights = np.vstack([np.ones(len(rows.y)), *[(rows.fold == fold).astype(float) for fold in folds]])
    found: dict[str, float] = {}
    for name, values in scorer(weights).items():
        found[name] = float(values[0])
        if len(folds) > 1:
            found[f"{name}_sd"] = float(np.std(values[1:], ddof=1))
    for name, (low, high) in limits(rows, decisions, params.n_resamples, seed).items():
        found |= {f"{name}_low": low, f"{name}_high": high}
    counts = {"n_screened": int(np.isfinite(screen.threshold).sum())} if screen else {}
    rounded = {name: float(f"{value:.6g}") for name, value in found.items() if np.isfinite(value)}
    return rounded | counts | {"n_thresholds_noted": _noted(calibration)}


def rates(decisions: list[Decision]) -> Scorer:
    """Return a scorer of the sensitivity and specificity of each decision; NaN where there is nothing to count."""
    counted = _counted(decisions)
    cells = np.column_stack([*[of for of, _ in counted.values()], *[of & right for of, right in counted.values()]])

    def scorer(weights: Floats) -> dict[str, Floats]:
        of, hits = np.split(weights @ cells.astype(float), 2, axis=1)
        shares = np.divide(hits, of, out=np.full_like(of, np.nan), where=of > 0)
        return {name: shares[:, index] for index, name in enumerate(counted)}

    return scorer


def limits(rows: ScoredRows, decisions: list[Decision], n_resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return name → 95 % interval: over groups; Wilson's where each group is a single test row."""
    counted = _counted(decisions)
    if len(np.unique(rows.group)) == len(rows.y):
        single = {name: (int((of & right).sum()), int(of.sum())) for name, (of, right) in counted.items()}
        return {name: wilson(*count) for name, count in single.items() if count[1]}
    evidence = {name: len(np.unique(rows.group[of])) for name, (of, _) in counted.items()}
    return intervals(rates(decisions), rows.group, n_resamples, seed, evidence=evidence)


def _counted(decisions: list[Decision]) -> dict[str, tuple[Bools, Bools]]:
    """Return metric → (n,) which rows it counts (none without a threshold), and which are decided rightly."""
    found = {}
    for one in decisions:
        known, called = np.isfinite(one.threshold), one.score >= one.threshold
        found[one.sensitivity] = (known & one.positive, called)
        found[one.specificity] = (known & ~one.positive, ~called)
    return found


def _decide(
    rows: ScoredRows, chosen: list[int], fitted: dict[str, Any], sensitivity: str, specificity: str
) -> Decision:
    by_fold = {fold: (one or {}).get("threshold") for fold, one in fitted.items()}
    threshold = np.array([by_fold.get(str(fold)) for fold in rows.fold], float)  # None becomes NaN
    return Decision(sensitivity, specificity, np.isin(rows.y, chosen), thresholds.score(rows.p, chosen), threshold)


def _noted(calibration: dict[str, Any]) -> int:
    each = [[*fold.get("classes", {}).values(), fold.get("screen", {})] for fold in _fitted(calibration).values()]
    return sum("note" in one for fold in each for one in fold)


def _fitted(calibration: dict[str, Any]) -> dict[str, Any]:
    return {fold: known.get("thresholds", {}) for fold, known in calibration["folds"].items()}
