"""Temperature scaling (Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML 2017)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

#: Bounds of the fitted temperature.
LOWEST, HIGHEST = 0.05, 20.0

#: Probabilities of zero count as this, so that they have a logarithm.
_TINY = np.finfo(np.float64).tiny

Floats = npt.NDArray[np.float64]


def apply_temperature(p: Floats, temperature: float | Floats) -> Floats:
    """Return softmax(log p / T) of probabilities `p` (n, k), T a number or one per row (n,).

    The order of the classes stays; T > 1 makes a model less sure, T < 1 surer. Zeros count as the smallest number.
    """
    divisor = np.asarray(temperature, float).reshape(-1, 1)
    logits = np.log(np.maximum(p, _TINY)) / divisor
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def negative_log_likelihood(p: Floats, y: npt.NDArray[np.int64]) -> float:
    """Return the mean of −log p of the true class; `p` (n, k), `y` (n,) class indices."""
    true = p[np.arange(len(y)), y]
    return float(-np.log(np.maximum(true, _TINY)).mean())


def fit_temperature(p: Floats, y: npt.NDArray[np.int64]) -> float:
    """Return the T in [LOWEST, HIGHEST] with the smallest negative log likelihood; 1 where no class beats a row's own.

    The loss is convex in 1/T, so one bounded search over log T finds it. Without a single mistake it has no minimum: it
    falls as T goes to 0, and the bound would turn every probability into 0 or 1 on no evidence.
    """
    if (p[np.arange(len(y)), y] >= p.max(axis=1)).all():
        return 1.0
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(apply_temperature(p, float(np.exp(log_t))), y),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
