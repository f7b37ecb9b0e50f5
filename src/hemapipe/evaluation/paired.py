"""Two models on the same test rows: what differs, and whether chance could have done it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import binom


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """Return the two-sided mid-p of McNemar's test from the rows that only one of two models has right.

    Fagerland, Lydersen and Laake (2013), BMC Med. Res. Methodol. 13:91: the exact conditional test less half of what
    was observed on each side; they recommend it over the exact test (too cautious) and over chi-squared. It takes rows
    for independent, which images of one patient are not.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    return float(2 * binom.cdf(fewer, n, 0.5) - binom.pmf(fewer, n, 0.5)) if n else 1.0


def holm(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return Holm's (1979, Scand. J. Stat. 6:65) adjusted p values; NaN stays NaN and is not counted as a test."""
    p = np.asarray(p, np.float64)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]  # NaN sorts last
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
