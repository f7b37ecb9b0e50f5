"""Limits and p values from bootstrap draws: bias-corrected, accelerated, and widened for the number of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Distribution:
    """What resampling says about one number.

    Limits are Efron's BCa (1987, J. Am. Stat. Assoc. 82:171): percentiles of the draws, moved by the bias `z0` (how far
    the value is from their median) and the acceleration (how the spread changes with the value). The nominal tail is
    first widened to Φ(√(n/(n−1)) · t) with Student's t of n − 1 degrees of freedom, as bootstrap draws are too narrow
    by √((n−1)/n) and know nothing of t (Hesterberg 2015, Am. Stat. 69:371, section 3.2). docs/statistics.md holds the
    coverage of both steps; above some hundred groups they change nothing.
    """

    value: float
    draws: Floats  # (B,) finite and sorted
    acceleration: float
    n_groups: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return (low, high); NaN where the value is undefined, in all draws or for lack of a second group."""
        if not len(self.draws) or self.n_groups < 2 or not np.isfinite(self.value):
            return float("nan"), float("nan")
        low, high = np.quantile(self.draws, [self._share(-self._widened(level)), self._share(self._widened(level))])
        return float(low), float(high)

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p of `null`: 1 − the level at which the interval ends there; NaN as for `interval`.

        Never below what B draws can show, as a share is held within 1 / (B + 1) of 0 and 1.
        """
        if not len(self.draws) or self.n_groups < 2 or not np.isfinite(self.value):
            return float("nan")
        if self.draws[0] == null == self.draws[-1]:
            return 1.0
        step = ndtri(self._below(null)) - self._bias()
        standard = step / (1 + self.acceleration * step) - self._bias()  # the inverse of `_share`
        student = abs(standard) * np.sqrt((self.n_groups - 1) / self.n_groups)
        return float(min(1.0, 2 * stdtr(self.n_groups - 1, -student)))

    def _widened(self, level: float) -> float:
        return float(np.sqrt(self.n_groups / (self.n_groups - 1)) * stdtrit(self.n_groups - 1, (1 + level) / 2))

    def _share(self, standard: float) -> float:
        """Return the share of the draws below the BCa limit for a standard normal quantile."""
        moved = self._bias() + standard
        shrink = 1 - self.acceleration * moved
        return float(ndtr(self._bias() + moved / shrink)) if shrink > 0 else float(moved > 0)

    def _bias(self) -> float:
        return float(ndtri(self._below(self.value)))

    def _below(self, limit: float) -> float:
        """Return the share of the draws below `limit`, equal ones counted half."""
        n = len(self.draws)
        ends = np.searchsorted(self.draws, limit, "left") + np.searchsorted(self.draws, limit, "right")
        return float(np.clip(ends / (2 * n), 1 / (n + 1), n / (n + 1)))


def acceleration(left_out: Floats) -> float:
    """Return the acceleration from the values with one block of groups left out each: skewness / 6 of their influence.

    Efron and Tibshirani (1993), An Introduction to the Bootstrap, equation 14.15. Leaving out blocks of groups gives
    the same expectation as leaving out single ones: a block's skewness falls with the root of its size.
    """
    influence = np.mean(left_out) - left_out if len(left_out) else left_out
    squares = float((influence**2).sum())
    return float((influence**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0
