"""Lay one image upon another and say how alike they are where they overlap."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from hemapipe.ties import planes, views

_LEVELS = ((32, 0.0, 8.0), (64, 0.6, 10.0))  # side and band (sigmas), pixels, of each step of the registration
_STEPS, _ENOUGH, _ECC_BLUR = 25, 1e-3, 3
_N_COPIES, _N_NEIGHBOURS = 3, 1  # transforms from which each registration starts
_HOPELESS = 0.7  # correlation below which the next step is spared; pairs of the truth table have > .97
_SCALES = (0.7, 1.4)  # by how much an image may have been magnified: a crop of 85 % is 1.18
_STRETCH = 1.2  # ... and more along one axis than along the other; cells fit upon each other if stretched enough
_FINE, _COARSE, _LOCAL = 1.0, 4.0, 8.0  # sigmas of the comparison, pixels at 128
_COMPARE_PX = 128
_TEXTURE = 0.25  # local contrast, share of the mean, below which a place is plain field


class Match(NamedTuple):
    """How alike two images are; `matrix` takes unit coordinates of the first to those of the second."""

    similarity: float
    overlap: float
    matrix: np.ndarray
    gain: float


NO_MATCH = Match(0.0, 0.0, np.eye(3), 1.0)


class Prepared(NamedTuple):
    """One image as each step needs it: `levels` for the registration, `plane` for the comparison."""

    levels: list[np.ndarray]
    plane: tuple[np.ndarray, np.ndarray]
    thumbs: np.ndarray


def prepare(image: np.ndarray, thumbs: np.ndarray) -> Prepared:
    """Return what `compare` needs of an image (uint8 RGB) with its `views.thumbnails`."""
    levels = [planes.band(*planes.plane(image, px), fine, coarse) for px, fine, coarse in _LEVELS]
    return Prepared(levels, planes.plane(image, min(len(image), _COMPARE_PX)), thumbs)


def compare(first: Prepared, second: Prepared) -> Match:
    """Register two images and return how alike they are.

    From the most similar views on, enhanced correlation coefficient maximisation (Evangelidis and Psarakis 2008) of an
    affine transform, coarse to fine: it does not see brightness and contrast.
    """
    best, matrix = -1.0, np.eye(3)
    for start in _starts(first.thumbs, second.thumbs):
        reached, found = _align(first.levels[0], second.levels[0], start)
        if reached > best:
            best, matrix = reached, found
    if best < _HOPELESS:
        return NO_MATCH
    reached, matrix = _align(first.levels[1], second.levels[1], matrix)
    return similarity(first.plane, second.plane, matrix) if reached >= _HOPELESS else NO_MATCH


def similarity(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], matrix: np.ndarray
) -> Match:
    """Return the lower quartile, over all textured places of the overlap, of the local normalised cross-correlation.

    A quartile, so that one large dark cell in both, or one edge, does not decide: three quarters of what there is to
    see are at least this much alike. Places without texture (plain field, black background) have no say. `overlap` is the share of the smaller of both images' weighted areas.
    """
    px = len(first[0])
    unit = px / _COMPARE_PX
    warp = _pixels(matrix, px)[:2]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second[0], warp, (px, px), flags=how, borderMode=cv2.BORDER_REFLECT)
    seen = cv2.warpAffine(second[1], warp, (px, px), flags=how)
    both = first[1] * (seen > 0.99)
    a, b = (planes.band(grey, both, _FINE * unit, _COARSE * unit) for grey in (first[0], moved))
    products = [planes.blur(values, _LOCAL * unit) for values in (a * b, a * a, b * b)]
    contrast = np.sqrt(products[1] * products[2])
    textured = (both > 0) & (contrast > _TEXTURE * contrast[both > 0].mean()) if both.any() else both > 0
    if not textured.any():
        return NO_MATCH
    overlap = float(both.sum() / min(first[1].sum(), second[1].sum() / abs(np.linalg.det(matrix[:2, :2]))))
    gain = float(first[0][both > 0].mean() / max(float(moved[both > 0].mean()), 1.0))
    return Match(float(np.percentile(products[0][textured] / contrast[textured], 25)), min(overlap, 1.0), matrix, gain)


def _starts(first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Return the transforms between the most similar views of two images."""
    return [
        start
        for matches, n in ((views.COPIES, _N_COPIES), (views.NEIGHBOURS, _N_NEIGHBOURS))
        for start in _best_views(first, second, matches, n)
    ]


def _best_views(first: np.ndarray, second: np.ndarray, matches: list[views.Match], n: int) -> list[np.ndarray]:
    grids = [thumbs.reshape(-1, views.THUMB_PX, views.THUMB_PX) for thumbs in (first, second)]
    windows, bases, n_turns = map(list, zip(*matches, strict=True))
    products = np.stack(
        [
            [np.einsum("wij,wij->w", views.turned(a[windows], turn), b[bases]) for turn in range(n_turns[0])]
            for a, b in (grids, grids[::-1])
        ]
    )
    found = []
    for place in np.argsort(-products, axis=None, kind="stable")[:n]:
        way, turn, match = np.unravel_index(place, products.shape)
        view = views.WINDOWS[windows[match]].matrix @ views.turn_matrix(int(turn))
        matrix = views.WINDOWS[bases[match]].matrix @ np.linalg.inv(view)
        found.append(matrix if way == 0 else np.linalg.inv(matrix))
    return found


def _align(first: np.ndarray, second: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the correlation reached and the transform; (-1, start) where it does not converge or degenerates."""
    px = len(first)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _STEPS, _ENOUGH)
    warp = _pixels(start, px)[:2].astype(np.float32)
    try:
        reached, warp = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, stop, None, _ECC_BLUR)
    except cv2.error:  # "the algorithm stopped before its convergence": nothing in common
        return -1.0, start
    matrix = _units(np.vstack([warp, [0, 0, 1]]), px)
    sizes = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    if not (_SCALES[0] <= sizes.min() and sizes.max() <= _SCALES[1] and sizes.max() <= _STRETCH * sizes.min()):
        return -1.0, start
    return float(reached), matrix


def _scale(px: int) -> np.ndarray:
    return np.array([[px, 0, -0.5], [0, px, -0.5], [0, 0, 1]])


def _pixels(matrix: np.ndarray, px: int) -> np.ndarray:
    """Return a transform of unit coordinates as one of pixel centres."""
    return _scale(px) @ matrix @ np.linalg.inv(_scale(px))


def _units(matrix: np.ndarray, px: int) -> np.ndarray:
    return np.linalg.inv(_scale(px)) @ matrix @ _scale(px)
