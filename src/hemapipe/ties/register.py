"""Lay one image upon another and say how alike they are where they overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from hemapipe.ties import planes

SMALL_PX = 32
_SMALL_BAND = (0.0, 8.0)  # sigmas, pixels, of what the first registration sees
_LARGE_PX, _LARGE_BAND = 64, (0.6, 10.0)
_FIRST_STEPS, _STEPS, _ENOUGH = 4, 25, 1e-3
_ECC_BLUR = 3  # pixels, smoothing before the search
_EVERYWHERE = np.empty((0, 0), np.uint8)  # the mask that masks nothing
# Correlation at SMALL_PX below which a pair is given up. After four steps the planted pairs have .97, those found in
# Taleqani and C-NMC .75 at the least; 99 % of other pairs have less than .6.
_HOPELESS = 0.7
_SCALES = (0.7, 1.4)  # by how much an image may have been magnified: a crop of 85 % is 1.18
_STRETCH = 1.2  # ... and more along one axis than along the other; cells fit upon each other if stretched enough
_FINE, _COARSE, _LOCAL = 1.0, 4.0, 8.0  # sigmas of the comparison, pixels at 128
_COMPARE_PX = 128
_TEXTURE = 0.25  # local contrast, share of the mean, below which a place is plain field


class Alignment(NamedTuple):
    """The correlation reached and the transform, unit coordinates of the first image → those of the second."""

    reached: float
    matrix: np.ndarray


class Match(NamedTuple):
    """How alike two images are; `matrix` as in `Alignment`, `gain` is the first's brightness by the second's."""

    similarity: float
    overlap: float
    matrix: np.ndarray
    gain: float


NO_MATCH = Match(0.0, 0.0, np.eye(3), 1.0)


def small_plane(image: np.ndarray) -> np.ndarray:
    """Return what `quick` needs of an image (uint8 RGB): SMALL_PX × SMALL_PX, float32."""
    return planes.band(*planes.plane(image, SMALL_PX), *_SMALL_BAND)


def quick(first: np.ndarray, second: np.ndarray, starts: Iterable[np.ndarray]) -> Alignment | None:
    """Return the best registration of two `small_plane`s from any of the `starts`, None if there is no hope.

    The method is the maximisation of the enhanced correlation coefficient over affine transforms (Evangelidis and
    Psarakis 2008, doi:10.1109/TPAMI.2008.113), which does not see brightness and contrast.
    """
    best = max((_align(first, second, start, _FIRST_STEPS) for start in starts), key=lambda found: found.reached)
    if best.reached < _HOPELESS:
        return None
    best = _align(first, second, best.matrix, _STEPS)
    return best if best.reached >= _HOPELESS else None


def compare(first: np.ndarray, second: np.ndarray, start: np.ndarray) -> Match:
    """Register two images (uint8 RGB, of one size) finely from `start` on and return how alike they are."""
    large = [planes.band(*planes.plane(image, _LARGE_PX), *_LARGE_BAND) for image in (first, second)]
    reached, matrix = _align(large[0], large[1], start, _STEPS)
    if reached < _HOPELESS:
        return NO_MATCH
    px = min(len(first), _COMPARE_PX)
    return similarity(planes.plane(first, px), planes.plane(second, px), matrix)


def similarity(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], matrix: np.ndarray
) -> Match:
    """Return the lower quartile, over all textured places of the overlap, of the local normalised cross-correlation.

    A quartile, so that one large dark cell in both, or one edge, does not decide: three quarters of what there is to
    see are at least this much alike. Places without texture (plain field, black background) have no say. `overlap` is
    the share of the smaller image that lies within the other. Both images as from `planes.plane`.
    """
    px = len(first[0])
    unit = px / _COMPARE_PX
    warp, how = _to_pixels(matrix, px), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second[0], warp, (px, px), flags=how, borderMode=cv2.BORDER_REFLECT)
    both = first[1] * (cv2.warpAffine(second[1], warp, (px, px), flags=how) > 0.99)
    if not both.any():
        return NO_MATCH
    a, b = (planes.band(grey, both, _FINE * unit, _COARSE * unit) for grey in (first[0], moved))
    cross, own_a, own_b = (planes.blur(values, _LOCAL * unit) for values in (a * b, a * a, b * b))
    contrast = np.sqrt(own_a * own_b)
    textured = (both > 0) & (contrast > _TEXTURE * contrast[both > 0].mean())
    if not textured.any():
        return NO_MATCH
    area = min(first[1].sum(), second[1].sum() / abs(np.linalg.det(matrix[:2, :2])))
    gain = first[0][both > 0].mean() / max(moved[both > 0].mean(), 1.0)
    correlation = np.percentile(cross[textured] / contrast[textured], 25)
    return Match(float(correlation), min(float(both.sum() / area), 1.0), matrix, float(gain))


def _align(first: np.ndarray, second: np.ndarray, start: np.ndarray, steps: int) -> Alignment:
    """Return the alignment reached from `start` on; -1 where the search fails or leaves what a camera can do."""
    px = len(first)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, _ENOUGH)
    begin, affine = _to_pixels(start, px).astype(np.float32), cv2.MOTION_AFFINE
    try:
        reached, found = cv2.findTransformECC(first, second, begin, affine, stop, _EVERYWHERE, _ECC_BLUR)
    except cv2.error:  # "the algorithm stopped before its convergence": nothing in common
        return Alignment(-1.0, start)
    warp = np.asarray(found, np.float64)
    if not _plausible(warp[:, :2]):
        return Alignment(-1.0, start)
    matrix = np.eye(3)
    matrix[:2] = warp
    matrix[:2, 2] = (warp[:, 2] + 0.5 - warp[:, :2].sum(axis=1) / 2) / px
    return Alignment(float(reached), matrix)


def _plausible(linear: np.ndarray) -> bool:
    """Say whether both singular values of a 2 × 2 matrix are near 1 and near each other."""
    a, b, c, d = linear.ravel().tolist()
    half_sum = math.hypot(a + d, b - c) / 2, math.hypot(a - d, b + c) / 2  # Blinn 1996, doi:10.1109/38.486688
    least, most = abs(half_sum[0] - half_sum[1]), sum(half_sum)
    return _SCALES[0] <= least and most <= _SCALES[1] and most <= _STRETCH * least


def _to_pixels(matrix: np.ndarray, px: int) -> np.ndarray:
    """Return a transform of unit coordinates as one of pixel centres, 2 × 3."""
    pixels = matrix[:2].copy()
    pixels[:, 2] = px * matrix[:2, 2] + matrix[:2, :2].sum(axis=1) / 2 - 0.5
    return pixels
