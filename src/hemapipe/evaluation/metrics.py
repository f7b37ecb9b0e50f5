"""Every metric once, vectorised over sample weights: ones give the point value, resample counts an interval.

Weights have shape (B, n): B weightings of n samples. A weighting of ones scores the data, a 0/1 mask scores a
fold, the counts of a bootstrap resample score that resample; nothing else computes a metric.

What is undefined is NaN here, and left out of the files:

- A class without a sample (in the data or in one resample) has no metrics; averages go over the classes present.
- A class that is present but never predicted has precision 0, hence F1 and F2 0 (as scikit-learn by default).
- Specificity and ROC AUC of the only class present, and kappa when chance agreement is 1, are undefined; MCC is then
  0 by convention.

Ties between the probabilities of a row go to the first class; ties between rows count one half in the ROC AUC.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hemapipe.evaluation.ranking import areas

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def score(y: Ints, p: Floats, weights: Floats, class_names: Sequence[str], ece_bins: int = 15) -> dict[str, Floats]:
    """Return every metric under every weighting, by its flat name.

    Args:
        y: (n,) class indices.
        p: (n, k) probabilities; the predicted class is the largest.
        weights: (B, n), not negative.
        class_names: k names, in the order of the columns of `p`.
        ece_bins: bins of the calibration error.

    Returns:
        name → (B,): `accuracy`, `error_rate`, `balanced_accuracy`, `kappa`, `mcc`, `log_loss`, `brier`, `ece`,
        `micro_roc_auc`, and `<macro|weighted>_<m>`, `<m>_<class>` for m in precision, recall, specificity, f1, f2,
        roc_auc (one class against the rest), pr_auc (average precision).
    """
    counts = confusion(y, p.argmax(axis=1), weights, len(class_names))
    return {
        **confusion_scores(counts, class_names),
        **probability_scores(y, p, weights, ece_bins),
        **ranking_scores(y, p, weights, class_names),
    }


def confusion(actual: Ints, predicted: Ints, weights: Floats, n_classes: int) -> Floats:
    """Return (B, k, k) weighted counts, rows actual, columns predicted."""
    cells = np.eye(n_classes**2)[actual * n_classes + predicted]
    return (weights @ cells).reshape(-1, n_classes, n_classes)


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
    """Return `log_loss`, `brier` and `ece` under every weighting.

    Log loss is in nats, with probabilities held at or above the machine epsilon. Brier (1950) is the mean over
    samples of the sum over classes of squared differences, 0 to 2: for two classes twice the binary form. ECE (Guo et
    al. 2017, arXiv:1706.04599): equal-width bins of the largest probability, mean |accuracy − confidence|.
    """
    truth = np.eye(p.shape[1])[y]
    confidence = p.max(axis=1)
    off = (p.argmax(axis=1) == y) - confidence
    in_bin = np.eye(ece_bins)[confidence_bins(confidence, ece_bins)]
    losses = np.column_stack(
        [
            -np.log(np.maximum(p[np.arange(len(y)), y], np.finfo(np.float64).eps)),
            ((p - truth) ** 2).sum(axis=1),
            in_bin * off[:, None],
        ]
    )
    means = _ratio(weights @ losses, weights.sum(axis=1)[:, None])
    return {"log_loss": means[:, 0], "brier": means[:, 1], "ece": np.abs(means[:, 2:]).sum(axis=1)}


def ranking_scores(y: Ints, p: Floats, weights: Floats, class_names: Sequence[str]) -> dict[str, Floats]:
    """Return the areas under the ROC and precision-recall curves: per class against the rest, averaged, micro."""
    truth = np.eye(p.shape[1], dtype=bool)[y]
    pairs = [areas(p[:, c], truth[:, c], weights) for c in range(p.shape[1])]
    named = {
        "roc_auc": np.column_stack([auc for auc, _ in pairs]),
        "pr_auc": np.column_stack([precision for _, precision in pairs]),
    }
    micro, _ = areas(p, truth, weights)  # every (sample, class) pair is one decision
    return {"micro_roc_auc": micro, **_named(named, weights @ truth.astype(np.float64), class_names)}


def confidence_bins(confidence: Floats, n_bins: int) -> Ints:
    """Return the equal-width bin of each confidence; bin i holds (i/n, (i+1)/n], the first one 0 too."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


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
