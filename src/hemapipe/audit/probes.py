"""Shortcut probes: how well a class is told from what should not tell it, beside chance and the full image.

A probe is a small classifier on a few numbers, cross-validated with the honest split. What it reaches above chance is
what a network could reach without looking at a cell (Geirhos et al., Nature Machine Intelligence 2020; 2:665, call
this a shortcut). An interval that begins above chance says that the shortcut is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hemapipe.audit.folds import Folds
from hemapipe.core.params import derive_seed
from hemapipe.evaluation.bootstrap import intervals

#: What each probe sees.
NAMES = {
    "background_colour": "colour of the empty slide, all cells masked out",
    "border": "edges and corners: scale bars, letters, frames, vignettes",
    "mean_colour": "the mean colour of the whole image",
    "metadata": "the file: bytes, size, format, compression; no pixel",
    "cell_size": "number and area of the cells, nothing else",
    "background_neutralised": "the image with its background made one grey",
    "full_image": "the image as it is",
}
#: These see the image itself, through a frozen network; the others see a few numbers.
DEEP = ("background_neutralised", "full_image")
_TREES = 150
_LEAST_LEAF = 2
#: Probabilities, and features relative to their size, that differ by less are equal.
_TIE = 1e-6
_INVERSE_PENALTY = 0.003  # for some hundred to thousand standardised features, strongly correlated


@dataclass(frozen=True)
class Probe:
    """The outcome of one probe: out-of-fold balanced accuracy with its 95 % interval over groups.

    `rows` are the tested rows of the packed array, in order; `probabilities` (len(rows), k) are theirs. `n_seen` of
    them have any number at all; `varies` is False where these are the same for all images, so that there is nothing
    to see.
    """

    balanced_accuracy: float
    low: float
    high: float
    chance: float
    split: str
    rows: np.ndarray
    probabilities: np.ndarray
    n_seen: int
    varies: bool = True


def run_probe(
    name: str, features: np.ndarray, labels: np.ndarray, groups: np.ndarray, folds: Folds, n_resamples: int, seed: int
) -> Probe:
    """Cross-validate one probe.

    Args:
        name: of the probe; those in `DEEP` are fitted by logistic regression, the others by extremely randomised trees
            (Geurts et al., Machine Learning 2006; 63:3), both with balanced class weights.
        features: (n, d), a row per packed image; NaN where a number is not there (filled with the training median).
        labels, groups: (n,).
        folds: the honest split.
        n_resamples: bootstrap resamples of whole groups behind the interval.
        seed: of the trees and the resamples.
    """
    rows = folds.tested
    names = sorted(set(labels[rows]))
    probabilities, varies = _out_of_fold(name, features, labels, folds, derive_seed(seed, "audit", name))
    actual = np.searchsorted(names, labels[rows])
    of_class = np.eye(len(names))[actual]
    right = of_class * credit(actual, probabilities[rows])[:, None]

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        shown = weights @ of_class
        recall = np.divide(weights @ right, shown, out=np.zeros_like(shown), where=shown > 0)
        return {"balanced_accuracy": recall.sum(axis=1) / (shown > 0).sum(axis=1)}

    value = float(score(np.ones((1, len(rows))))["balanced_accuracy"][0])
    low, high = intervals(score, groups[rows], n_resamples, derive_seed(seed, "audit", "intervals"))[
        "balanced_accuracy"
    ]
    n_seen = int(np.isfinite(features[rows]).any(axis=1).sum())
    return Probe(value, low, high, 1 / len(names), folds.words, rows, probabilities[rows], n_seen, varies)


def credit(actual: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return what each row scores: 1 where its class is the likeliest, 1 / t where t classes share that place, else 0.

    Without it a probe that sees nothing would be judged by the rounding of its equal probabilities.
    """
    top = probabilities >= probabilities.max(axis=1, keepdims=True) - _TIE
    return top[np.arange(len(actual)), actual] / top.sum(axis=1)


def _out_of_fold(
    name: str, features: np.ndarray, labels: np.ndarray, folds: Folds, seed: int
) -> tuple[np.ndarray, bool]:
    """Return (n, k) probabilities of the tested rows, NaN elsewhere, and whether there was anything to learn from."""
    names = sorted(set(labels[folds.tested]))
    probabilities, varies = np.full((len(labels), len(names)), np.nan), False
    for train, test in folds.pairs:
        filled, held = _filled(features[train], features[test])
        if _constant(filled):
            probabilities[test] = 1 / len(names)
            continue
        varies = True
        model = _classifier(name, seed)
        with threadpool_limits(1):  # sums in one order, however many cores there are
            model.fit(filled, labels[train])
        probabilities[test] = 0.0
        probabilities[np.ix_(test, np.searchsorted(names, model.classes_))] = model.predict_proba(held)
    return probabilities, varies


def _constant(features: np.ndarray) -> bool:
    return bool((np.ptp(features, axis=0) <= _TIE * np.abs(features).max(axis=0)).all())


def _classifier(name: str, seed: int) -> ClassifierMixin:
    if name in DEEP:
        return make_pipeline(
            StandardScaler(), LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=300)
        )
    return ExtraTreesClassifier(
        _TREES, min_samples_leaf=_LEAST_LEAF, class_weight="balanced", random_state=seed, n_jobs=1
    )


def _filled(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Replace NaN by the training rows' median, 0 where all of them are NaN."""
    known = np.where(np.isnan(train).all(axis=0), 0.0, train)
    median = np.nanmedian(known, axis=0)
    return np.where(np.isnan(train), median, train), np.where(np.isnan(test), median, test)
