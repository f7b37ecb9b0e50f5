"""Wilson's interval of a proportion: for independent trials, and where nothing, or everything, went wrong."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval (low, high) of a proportion; (0, 1) without trials.

    Wilson (1927), J. Am. Stat. Assoc. 22:209, without continuity correction. Recommended at every n by Brown, Cai and
    DasGupta (2001), Stat. Sci. 16:101; unlike Wald's it has a width at 0 and 1.

    Raises:
        ValueError: more successes than trials, or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    z2 = float(ndtri((1 + level) / 2)) ** 2
    middle = (successes + z2 / 2) / (trials + z2)
    half = np.sqrt(z2 * (successes * (trials - successes) / trials + z2 / 4)) / (trials + z2)
    low = 0.0 if successes == 0 else float(middle - half)
    high = 1.0 if successes == trials else float(middle + half)
    return low, high
