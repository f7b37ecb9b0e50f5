"""Colour moments in CIE L*a*b* (D65): mean, standard deviation and skewness of each channel in a region."""

from __future__ import annotations

import cv2
import numpy as np

_MOMENTS = ("mean", "sd", "skew")


def names(region: str) -> tuple[str, ...]:
    """Return the names of the nine moments of a region."""
    return tuple(f"{region}_{channel}_{moment}" for channel in ("l", "a", "b") for moment in _MOMENTS)


def lab(image: np.ndarray) -> np.ndarray:
    """Return float32 L* (0..100), a*, b* of an RGB uint8 image."""
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def moments(region: str, colours: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return the first three moments of each channel (Stricker & Orengo, SPIE 1995; 2420:381), 0 of an empty mask.

    Skewness is the third standardised moment, 0 where the channel is constant.
    """
    values = np.ascontiguousarray(colours[mask].T, np.float64)
    if not values.size:
        return dict.fromkeys(names(region), 0.0)
    mean = values.mean(axis=1)
    centred = values - mean[:, None]
    squared = centred * centred
    deviation = np.sqrt(squared.mean(axis=1))
    skewness = (squared * centred).mean(axis=1) / np.maximum(deviation, 1e-3) ** 3
    table = np.stack([mean, deviation, skewness], axis=1)
    return dict(zip(names(region), table.ravel().tolist(), strict=True))
