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

from hemapipe.audit.folds import Folds
from hemapipe.core.params import derive_seed
from hemapipe.evaluation.bootstrap import intervals
from hemapipe.evaluation.metrics import confusion, confusion_scores

#: What each probe sees.
NAMES = {
    "background_colour": "colour of the empty slide, all cells masked out",
    "border": "edges and corners: scale bars, letters, frames, vignettes",
    "mean_colour": "the mean colour of the whole image",
    "metadata": "the file: bytes, size, format, JPEG tables; no pixel",
    "cell_size": "number and area of the cells, nothing else",
    "background_neutralised": "the image with its background made one grey",
    "full_image": "the image as it is",
}
#: These see the image itself, through a frozen network; the others see a few numbers.
DEEP = ("background_neutralised", "full_image")
_TREES = 150
_LEAST_LEAF = 2
_INVERSE_PENALTY = 0.003  # for some hundred to thousand standardised features, strongly correlated


@dataclass(frozen=True)
class Probe:
    """The outcome of one probe: out-of-fold balanced accuracy with its 95 % interval over groups.

    `rows` are the tested rows of the packed array, in order; `probabilities` (len(rows), k) are theirs.
    """

    balanced_accuracy: float
    low: float
    high: float
    chance: float
    split: str
    rows: np.ndarray
    probabilities: np.ndarray


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
    names = sorted(set(labels[folds.tested]))
    probabilities = np.full((len(labels), len(names)), np.nan)
    for train, test in folds.pairs:
        model = _classifier(name, derive_seed(seed, "audit", name))
        filled, held = _filled(features[train], features[test])
        model.fit(filled, labels[train])
        columns = np.searchsorted(names, model.classes_)
        probabilities[test] = 0.0
        probabilities[np.ix_(test, columns)] = model.predict_proba(held)
    rows = folds.tested
    actual, found = np.searchsorted(names, labels[rows]), probabilities[rows].argmax(axis=1)

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        value = confusion_scores(confusion(actual, found, weights, len(names)), names)["balanced_accuracy"]
        return {"balanced_accuracy": value}

    value = float(score(np.ones((1, len(rows))))["balanced_accuracy"][0])
    low, high = intervals(score, groups[rows], n_resamples, derive_seed(seed, "audit", "intervals"))[
        "balanced_accuracy"
    ]
    return Probe(value, low, high, 1 / len(names), folds.words, rows, probabilities[rows])


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
