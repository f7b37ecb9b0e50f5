"""Chromatin: grey-level co-occurrence, local binary patterns, nucleoli."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.feature import local_binary_pattern

from hemapipe.cells import masks

_LEVELS = 32
_STANDS_OUT = 2.7  # chosen on the synthetic truth: docs/cells.md
_FAINTEST = 0.1  # density, below which a spot is noise
_OFFSETS = ((0, 1), (1, 1), (1, 0), (1, -1))
GLCM_NAMES = ("glcm_contrast", "glcm_homogeneity", "glcm_correlation", "glcm_energy", "glcm_entropy")
LBP_NAMES = (*(f"lbp_{pattern}" for pattern in range(10)), "lbp_entropy")


def cooccurrence(grey: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return features of the grey-level co-occurrence of neighbours in one nucleus, pooled over all nuclei.

    32 levels, distance 1 px, four directions, symmetric (Haralick, Shanmugam & Dinstein, IEEE Trans SMC 1973; 3:610):
    contrast Σp(i-j)², homogeneity Σp/(1+(i-j)²), correlation, energy √Σp², entropy -Σp ln p. Correlation is 1 where
    the grey level is constant. All 0 where no two neighbours lie in a nucleus.

    Args:
        grey: uint8 height × width.
        labels: int label image of the nuclei, height × width.
    """
    counts = np.zeros(_LEVELS * _LEVELS)
    levels = (grey >> 3).astype(np.int32)
    for down, right in _OFFSETS:
        here, there = _shifted(labels, down, right)
        pairs = (here > 0) & (here == there)
        first, second = _shifted(levels, down, right)
        counts += np.bincount(first[pairs] * _LEVELS + second[pairs], minlength=counts.size)
    table = counts.reshape(_LEVELS, _LEVELS)
    if not table.any():
        return dict.fromkeys(GLCM_NAMES, 0.0)
    return dict(zip(GLCM_NAMES, _haralick((table + table.T) / (2 * table.sum())), strict=True))


def _shifted(array: np.ndarray, down: int, right: int) -> tuple[np.ndarray, np.ndarray]:
    """Return views of the array and of itself `down` rows below and `right` columns to the side."""
    height, width = array.shape
    here = array[: height - down, max(-right, 0) : width - max(right, 0)]
    return here, array[down:, max(right, 0) : width + min(right, 0)]


def _haralick(p: np.ndarray) -> tuple[float, ...]:
    i, j = np.indices(p.shape)
    mean = (i * p).sum()
    variance = ((i - mean) ** 2 * p).sum()
    positive = p[p > 0]
    return (
        float(((i - j) ** 2 * p).sum()),
        float((p / (1 + (i - j) ** 2)).sum()),
        float(((i - mean) * (j - mean) * p).sum() / variance) if variance > 1e-12 else 1.0,
        float(np.sqrt((p**2).sum())),
        float(-(positive * np.log(positive)).sum()),
    )


def binary_patterns(grey: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Return the shares of the ten uniform local binary patterns within a mask, and their entropy in nats.

    Eight neighbours at 1 px, rotation invariant (Ojala, Pietikäinen & Mäenpää, IEEE PAMI 2002; 24:971).
    """
    rows, columns = np.nonzero(inside)
    if rows.size == 0:
        return dict.fromkeys(LBP_NAMES, 0.0)
    top, left = max(rows.min() - 1, 0), max(columns.min() - 1, 0)
    window = (slice(top, rows.max() + 2), slice(left, columns.max() + 2))
    patterns = local_binary_pattern(np.ascontiguousarray(grey[window]), 8, 1, "uniform")
    shares = np.bincount(patterns[inside[window]].astype(np.int64), minlength=10) / rows.size
    positive = shares[shares > 0]
    return dict(zip(LBP_NAMES, [*shares.tolist(), float(-(positive * np.log(positive)).sum())], strict=True))


def nucleoli(grey: np.ndarray, nucleus: np.ndarray) -> tuple[int, int]:
    """Count the nucleoli of one nucleus and their area in px.

    Nucleoli are pale spots that stand out from the chromatin's own grain: in the black top-hat of the density (Meyer,
    J Histochem Cytochem 1979; 27:128), by `_STANDS_OUT` robust standard deviations (1.48 × median absolute
    deviation) of it, away from the edge, neither a grain nor a seventh of the nucleus.

    Args:
        grey: uint8, green channel of a window around the nucleus.
        nucleus: bool, of the same shape.
    """
    area = int(nucleus.sum())
    radius = np.sqrt(area / np.pi)
    inner = masks.depth(np.pad(nucleus, 1))[1:-1, 1:-1] > 0.2 * radius
    if inner.sum() < 10:
        return 0, 0
    density = -np.log((grey.astype(np.float32) + 1) / 256)
    weight = nucleus.astype(np.float32)
    sigma = max(radius / 20, 0.5)
    smooth = cv2.GaussianBlur(density * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3
    )
    middle = np.median(smooth[inner])
    smooth = np.where(nucleus, smooth, middle).astype(np.float32)
    grain = 1.48 * np.median(np.abs(smooth[inner] - middle))
    relief = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, masks.kernel(0.3 * radius))
    labels, _ = masks.components((relief > max(_FAINTEST, _STANDS_OUT * grain)) & inner)
    height = np.zeros(int(labels.max()) + 1, np.float32)
    np.maximum.at(height, labels.ravel(), relief.ravel())
    areas = np.bincount(labels[relief > 0.5 * height[labels]], minlength=len(height))
    areas[0] = 0
    spots = areas[(areas >= max(0.004 * area, 2)) & (areas <= 0.15 * area)]
    return len(spots), int(spots.sum())
