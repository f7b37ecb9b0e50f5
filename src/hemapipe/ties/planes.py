"""The grey plane in which images are compared: brightness, tint and a black background taken away."""

from __future__ import annotations

import cv2
import numpy as np

_BLACK = 12  # grey level; JPEG ringing stays below, as in cells.single
_RIM_BRIGHT = 0.1  # share of a rim that may be bright though the cell was cut out on black
# Depth within a cell on black, share of the largest, from which on it is looked at. Outline and pale cytoplasm are much
# alike in all round cells: at .15 the quartile of different synthetic cells reaches .97, at .35 .92, and in C-NMC the
# same cells have ≥ .82, others ≤ .76.
_DEPTH = 0.35


def plane(image: np.ndarray, px: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the green plane of an image (uint8 RGB) at `px` × `px`, float32, and its weight, 0 on a black background.

    Green, as both nuclei and red cells absorb it most. Black counts as background only where the whole rim is black:
    a cell that was cut out. There only the inner part has weight, and the rest is filled with its mean, so that the
    outline, which all cells share, says little.
    """
    small = cv2.resize(image, (px, px), interpolation=cv2.INTER_AREA) if image.shape[0] != px else image
    grey = small[:, :, 1].astype(np.float32)
    bright = small.max(axis=2) > _BLACK
    rim = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    if rim.mean() >= _RIM_BRIGHT or not bright.any():
        return grey, np.ones_like(grey)
    depth = cv2.distanceTransform(bright.astype(np.uint8), cv2.DIST_L2, 3)
    inside = depth > max(_DEPTH * float(depth.max()), 1.0)
    if not inside.any():
        return grey, np.ones_like(grey)
    return np.where(inside, grey, grey[inside].mean()), inside.astype(np.float32)


def band(grey: np.ndarray, weight: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """Return what lies between two Gaussian scales (sigmas, pixels; `fine` 0 keeps all detail), 0 where weight is 0.

    Each blur is normalised by the blurred weight (Knutsson and Westin 1993, normalised convolution), so that what has
    no weight has no say.
    """
    low = blur(grey * weight, coarse) / np.maximum(blur(weight, coarse), 1e-3)
    high = blur(grey * weight, fine) / np.maximum(blur(weight, fine), 1e-3) if fine else grey
    return (high - low) * weight


def blur(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return a Gaussian blur that sees nothing beyond the edge."""
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
