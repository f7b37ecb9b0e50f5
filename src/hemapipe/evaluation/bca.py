"""Limits from bootstrap draws, bias-corrected, accelerated and widened for few groups; p values from a jackknife."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Floats = npt.NDArray[np.float64]
#: A standard error below this share of the value is that of rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Distribution:
    """What resampling says about one number.

    Neither limits nor p where a single group carries the number: its `standard_error` is then NaN.

    Limits are Efron's BCa (1987, J. Am. Stat. Assoc. 82:171): percentiles of the draws, moved by the bias `z0` (how far
    the value is from their median) and the acceleration (how the spread changes with the value). The nominal tail is
    first widened to Φ(√(n/(n−1)) · t) with Student's t of n − 1 degrees of freedom, as bootstrap draws are too narrow
    by √((n−1)/n) and know nothing of t (Hesterberg 2015, Am. Stat. 69:371, section 3.2). docs/statistics.md holds the
    coverage of both steps; above some hundred groups they change nothing.

    p comes from Student's t of the value over its jackknife standard error (Hinkley 1977, Biometrika 64:21), not from
    the draws: B of them cannot tell a p of .001 from one of .000001, which a correction for many comparisons needs.
    Read off the limits it would also raise too many false alarms with few groups (docs/statistics.md).
    """

    value: float
    draws: Floats  # (B,) finite and sorted
    acceleration: float
    n_groups: int
    standard_error: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return (low, high); NaN where the value is undefined, in all draws or for lack of a second group."""
        if not self._defined():
            return float("nan"), float("nan")
        low, high = np.quantile(self.draws, [self._share(-self._widened(level)), self._share(self._widened(level))])
        return float(low), float(high)

    def p_value(self, null: float = 0.0, degrees: int | None = None) -> float:
        """Return the two-sided p of `null`; NaN as for `interval`.

        `degrees` of freedom are n − 1 for n groups unless given. Where every group says exactly the same, t has no
        bound, and the sign test over groups takes its place: 2^(1 − n).
        """
        if not self._defined():
            return float("nan")
        gap = abs(self.value - null)
        if gap == 0:
            return 1.0
        if self.standard_error <= _ROUNDING * gap:
            return float(0.5 ** (self.n_groups - 1))
        return float(2 * stdtr(self.n_groups - 1 if degrees is None else degrees, -gap / self.standard_error))

    def _defined(self) -> bool:
        known = np.isfinite(self.value) and np.isfinite(self.standard_error)
        return bool(known and len(self.draws) and self.n_groups > 1)

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


def jackknife_error(left_out: Floats) -> float:
    """Return the jackknife standard error from the values with each of m blocks of groups left out in turn.

    Efron and Tibshirani (1993), equation 11.5, with blocks for single observations: √((m − 1)/m · Σ (value − mean)²).
    NaN where one of the values is undefined, as that block alone then carries the number; and of fewer than two blocks.
    """
    m = len(left_out)
    return float(np.sqrt((m - 1) / m * ((left_out - left_out.mean()) ** 2).sum())) if m > 1 else float("nan")
