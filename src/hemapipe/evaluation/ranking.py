"""Areas under the ROC and precision-recall curves, for many weightings of the same samples at once.

Sorting is done once. A weighting then costs sums over the sorted samples at the scores of the positives alone, kept as
sparse matrices: each class has its own positives, so all classes together take no more rows than there are samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def areas(scores: Floats, positive: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Return the ROC AUC and the average precision under every weighting; see `Ranking`."""
    return Ranking(scores, positive).areas(weights)


class Ranking:
    """Decisions sorted by their score, to be weighted many times."""

    def __init__(self, scores: Floats, positive: Bools) -> None:
        """Sort `scores`, (n,) or (n, k) for k decisions about each sample; `positive` has the same shape."""
        n = len(scores)
        sample = np.arange(n).repeat(scores[0].size)
        chosen = positive.ravel()
        high, low, rest = scores.ravel()[chosen], scores.ravel()[~chosen], sample[~chosen]
        levels, level = np.unique(high, return_inverse=True)
        above = np.searchsorted(levels, low, "left")  # the first level that a negative does not outrank
        tied = np.append(levels, np.nan)[above] == low
        self._positive = incidence(level, sample[chosen], (len(levels), n))
        self._between = incidence(above[~tied], rest[~tied], (len(levels) + 1, n))
        self._tied = incidence(above[tied], rest[tied], (len(levels), n))

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the ROC AUC and the average precision under every weighting.

        ROC AUC is the probability that a positive outranks a negative, ties one half (Mann-Whitney). Average precision
        is the precision at the threshold of each positive, averaged over the positives; tied scores share a threshold,
        nothing is interpolated (scikit-learn's `average_precision_score`).

        Args:
            weights: (B, n).

        Returns:
            Two arrays (B,); NaN where a weighting leaves no positive, for the ROC also where it leaves no negative.
        """
        right, below, half = self._sums(weights)
        called_right = np.cumsum(right[::-1], axis=0)[::-1]
        called = called_right + (below[-1] - below[:-1])
        precision = called_right / np.maximum(called, np.finfo(called.dtype).tiny)
        n_right = right.sum(axis=0, dtype=np.float64)
        return _roc_auc(right, below, half), _ratio(_dot(right, precision), n_right)

    def roc_auc(self, weights: Floats) -> Floats:
        """Return the first of `areas` alone, in half the time."""
        return _roc_auc(*self._sums(weights))

    def _sums(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return, for the m scores of positives, ascending, and B weightings.

        Positives at each score (m, B); negatives below it, and last all of them (m + 1, B); negatives below it and half
        of those tied with it (m, B).
        """
        columns = np.ascontiguousarray(weights.T)  # (n, B): a sample's weights lie side by side
        below = np.cumsum(self._between @ columns, axis=0)
        half = below[:-1]
        if self._tied.nnz:
            tied = self._tied @ columns
            below[1:] += np.cumsum(tied, axis=0)
            half = below[:-1] + tied / 2
        return self._positive @ columns, below, half


def incidence(row: Ints, column: Ints, shape: tuple[int, int], values: Floats | None = None) -> csr_array:
    """Return a sparse matrix of `values`; without any of ones, in single precision, as the weights may be."""
    filled = np.ones(len(row), np.float32) if values is None else values
    return csr_array((filled, (row, column)), shape=shape)


def _roc_auc(right: Floats, below: Floats, half: Floats) -> Floats:
    return _ratio(_dot(right, half), right.sum(axis=0, dtype=np.float64) * below[-1])


def _dot(left: Floats, right: Floats) -> Floats:
    """Return the sums over the first axis of products, in double precision."""
    return np.einsum("ib,ib->b", left, right, dtype=np.float64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
