"""Areas under the ROC and the precision-recall curve over many weightings at once.

Sorting is done once; each weighting then costs one cumulative sum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def areas(scores: Floats, positive: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Return the ROC AUC and the average precision under every weighting.

    ROC AUC is the probability that a positive outranks a negative, ties one half (Mann-Whitney). Average precision is
    the precision at the threshold of each positive, averaged over the positives; tied scores share a threshold, nothing
    is interpolated (scikit-learn's `average_precision_score`).

    Args:
        scores: (n,), or (n, k) for k decisions about each sample.
        positive: the same shape.
        weights: (B, n).

    Returns:
        Two arrays (B,); NaN where a weighting leaves no positive, for the ROC also where it leaves no negative.
    """
    samples = np.arange(len(scores)).repeat(scores[0].size)
    high, high_weights = _sorted(scores.ravel(), positive.ravel(), samples, weights)
    low, low_weights = _sorted(scores.ravel(), ~positive.ravel(), samples, weights)
    right, wrong = _cumulative(high_weights), _cumulative(low_weights)
    n_right, n_wrong = right[:, -1:], wrong[:, -1:]

    below = np.take(wrong, np.searchsorted(low, high, "left"), axis=1)
    called_right = n_right - np.take(right, np.searchsorted(high, high, "left"), axis=1)
    called = called_right + (n_wrong - below)
    precision = np.divide(called_right, called, out=np.zeros_like(called), where=called > 0)

    below += np.take(wrong, np.searchsorted(low, high, "right"), axis=1)
    auc = _ratio(np.einsum("bi,bi->b", high_weights, below) / 2, (n_right * n_wrong)[:, 0])
    return auc, _ratio(np.einsum("bi,bi->b", high_weights, precision), n_right[:, 0])


def _sorted(scores: Floats, chosen: Bools, samples: npt.NDArray[np.int64], weights: Floats) -> tuple[Floats, Floats]:
    """Return the chosen scores, ascending, and the weights (B, m) of their samples."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(scores[rows], kind="stable")]
    return scores[rows], np.take(weights, samples[rows], axis=1)


def _cumulative(weights: Floats) -> Floats:
    """Return (B, m + 1): column i is the weight of the first i of m samples."""
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
