"""Every metric once, vectorised over sample weights: ones give the point value, resample counts an interval.

Weights have shape (B, n): B weightings of n samples. A weighting of ones scores the data, a 0/1 mask scores a
fold, the counts of a bootstrap resample score that resample; nothing else computes a metric.

What is undefined is NaN here, and left out of the files:

- A class without a sample has no metrics; averages go over the classes present. A resample without a class of the data
  must not do that, as the mean over the rest is another quantity: `complete.complete` makes it undefined there.
- A class that is present but never predicted has precision 0, hence F1 and F2 0 (as scikit-learn by default).
- Specificity and ROC AUC of the only class present, and kappa when chance agreement is 1, are undefined; MCC is then
  0 by convention.

Ties between the probabilities of a row go to the first class; ties between rows count one half in the ROC AUC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from hemapipe.evaluation.ranking import Ranking, incidence

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Scorer = Callable[[Floats], dict[str, Floats]]


def score(y: Ints, p: Floats, weights: Floats, class_names: Sequence[str], ece_bins: int = 15) -> dict[str, Floats]:
    """Return every metric under every weighting, by its flat name: `scorer` for a single use."""
    return scorer(y, p, class_names, ece_bins)(weights)


def scorer(y: Ints, p: Floats, class_names: Sequence[str], ece_bins: int = 15) -> Scorer:
    """Return a function from weights (B, n), not negative, to every metric, name → (B,).

    What does not depend on the weights is worked out here, once.

    Args:
        y: (n,) class indices.
        p: (n, k) probabilities; the predicted class is the largest.
        class_names: k names, in the order of the columns of `p`.
        ece_bins: bins of the calibration error.

    Returns:
        A scorer of `accuracy`, `error_rate`, `balanced_accuracy`, `kappa`, `mcc`, `log_loss`, `brier`, `ece`,
        `micro_roc_auc`, and `<macro|weighted>_<m>`, `<m>_<class>` for m in precision, recall, specificity, f1, f2,
        roc_auc (one class against the rest), pr_auc (average precision).
    """
    parts = [
        confusion_scorer(y, p.argmax(axis=1), class_names),
        probability_scorer(y, p, ece_bins),
        ranking_scorer(y, p, class_names),
    ]
    return lambda weights: {name: value for part in parts for name, value in part(weights).items()}


def confusion_scorer(y: Ints, predicted: Ints, class_names: Sequence[str]) -> Scorer:
    """Return a scorer of the metrics of `confusion_scores`."""
    cells = _cells(y, predicted, len(class_names))
    return lambda weights: confusion_scores(_counts(cells, weights), class_names)


def confusion(actual: Ints, predicted: Ints, weights: Floats, n_classes: int) -> Floats:
    """Return (B, k, k) weighted counts, rows actual, columns predicted."""
    return _counts(_cells(actual, predicted, n_classes), weights)


def confusion_scores(counts: Floats, class_names: Sequence[str]) -> dict[str, Floats]:
    """Return the metrics that depend on (B, k, k) confusion matrices alone."""
    total = counts.sum(axis=(1, 2))
    right = np.trace(counts, axis1=1, axis2=2)
    per_class = _per_class(counts)
    accuracy = _ratio(right, total)
    return {
        "accuracy": accuracy,
        "error_rate": 1 - accuracy,
        "balanced_accuracy": _mean(per_class["recall"]),
        "kappa": _kappa(counts),
        "mcc": _mcc(counts),
        **_named(per_class, counts.sum(axis=2), class_names),
    }


def probability_scores(y: Ints, p: Floats, weights: Floats, ece_bins: int) -> dict[str, Floats]:
    """Return `log_loss`, `brier` and `ece` under every weighting: `probability_scorer` for a single use."""
    return probability_scorer(y, p, ece_bins)(weights)


def probability_scorer(y: Ints, p: Floats, ece_bins: int) -> Scorer:
    """Return a scorer of `log_loss`, `brier` and `ece`.

    Log loss is in nats, with probabilities held at or above the machine epsilon. Brier (1950) is the mean over
    samples of the sum over classes of squared differences, 0 to 2: for two classes twice the binary form. ECE (Guo et
    al. 2017, arXiv:1706.04599): equal-width bins of the largest probability, mean |accuracy − confidence|.
    """
    n, samples = len(y), np.arange(len(y))
    confidence = p.max(axis=1)
    log_loss = -np.log(np.maximum(p[samples, y], np.finfo(np.float64).eps))
    brier = ((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1)
    off = (p.argmax(axis=1) == y) - confidence
    row = np.concatenate([np.zeros(n, int), np.ones(n, int), 2 + confidence_bins(confidence, ece_bins)])
    sums = incidence(row, np.tile(samples, 3), (2 + ece_bins, n), np.concatenate([log_loss, brier, off]))

    def of(weights: Floats) -> dict[str, Floats]:
        means = _ratio((sums @ weights.T).T, weights.sum(axis=1, dtype=np.float64)[:, None])
        return {"log_loss": means[:, 0], "brier": means[:, 1], "ece": np.abs(means[:, 2:]).sum(axis=1)}

    return of


def ranking_scorer(y: Ints, p: Floats, class_names: Sequence[str]) -> Scorer:
    """Return a scorer of the areas under the ROC and precision-recall curves: per class, averaged, micro."""
    k = p.shape[1]
    truth = np.eye(k, dtype=bool)[y]
    by_class = [Ranking(p[:, c], truth[:, c]) for c in range(k)]
    micro = Ranking(p, truth)  # every (sample, class) pair is one decision
    members = incidence(y, np.arange(len(y)), (k, len(y)))

    def of(weights: Floats) -> dict[str, Floats]:
        pairs = np.array([one.areas(weights) for one in by_class])  # (k, 2, B)
        named = {"roc_auc": pairs[:, 0].T, "pr_auc": pairs[:, 1].T}
        support = np.asarray((members @ weights.T).T, np.float64)
        return {"micro_roc_auc": micro.roc_auc(weights), **_named(named, support, class_names)}

    return of


def confidence_bins(confidence: Floats, n_bins: int) -> Ints:
    """Return the equal-width bin of each confidence; bin i holds (i/n, (i+1)/n], the first one 0 too."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def _cells(actual: Ints, predicted: Ints, k: int) -> csr_array:
    """Return (k², n): in which cell of the confusion matrix each sample lies."""
    return incidence(actual * k + predicted, np.arange(len(actual)), (k**2, len(actual)))


def _counts(cells: csr_array, weights: Floats) -> Floats:
    """Return (B, k, k) counts, in double precision whatever the weights are in."""
    k = math.isqrt(cells.shape[0])
    return np.asarray((cells @ weights.T).T, np.float64).reshape(-1, k, k)


def _per_class(counts: Floats) -> dict[str, Floats]:
    """Return metric → (B, k); NaN where the class is absent."""
    right = np.diagonal(counts, axis1=1, axis2=2)
    actual, predicted = counts.sum(axis=2), counts.sum(axis=1)
    missed, false = actual - right, predicted - right
    rest = counts.sum(axis=(1, 2))[:, None] - actual
    values = {
        "precision": np.where(predicted > 0, _ratio(right, predicted), 0.0),
        "recall": _ratio(right, actual),
        "specificity": _ratio(rest - false, rest),
        "f1": _ratio(2 * right, 2 * right + false + missed),
        "f2": _ratio(5 * right, 5 * right + false + 4 * missed),
    }
    return {name: np.where(actual > 0, value, np.nan) for name, value in values.items()}


def _kappa(counts: Floats) -> Floats:
    """Return Cohen's (1960) unweighted kappa."""
    total = counts.sum(axis=(1, 2))
    observed = _ratio(np.trace(counts, axis1=1, axis2=2), total)
    by_chance = _ratio((counts.sum(axis=1) * counts.sum(axis=2)).sum(axis=1), total**2)
    return _ratio(observed - by_chance, 1 - by_chance)


def _mcc(counts: Floats) -> Floats:
    """Return Matthews' correlation in Gorodkin's (2004) form for k classes."""
    total = counts.sum(axis=(1, 2))
    actual, predicted = counts.sum(axis=2), counts.sum(axis=1)
    shared = np.trace(counts, axis1=1, axis2=2) * total - (actual * predicted).sum(axis=1)
    spread = np.sqrt((total**2 - (actual**2).sum(axis=1)) * (total**2 - (predicted**2).sum(axis=1)))
    return np.where(spread > 0, _ratio(shared, spread), np.where(total > 0, 0.0, np.nan))


def _named(values: dict[str, Floats], support: Floats, class_names: Sequence[str]) -> dict[str, Floats]:
    """Return (B, k) values under flat names: one per class, the macro and the weighted average."""
    named = {}
    for metric, value in values.items():
        defined = np.isfinite(value)
        share = np.where(defined, support, 0.0)
        named[f"macro_{metric}"] = _mean(value)
        named[f"weighted_{metric}"] = _ratio(np.where(defined, value * support, 0.0).sum(axis=1), share.sum(axis=1))
        named |= {f"{metric}_{name}": value[:, c] for c, name in enumerate(class_names)}
    return named


def _mean(values: Floats) -> Floats:
    """Return the mean over the defined entries of each row."""
    defined = np.isfinite(values)
    return _ratio(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1))


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; a division by zero is undefined, NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom != 0, top / bottom, np.nan)
