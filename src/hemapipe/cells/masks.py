"""Label images by thresholds, nearest neighbours and watersheds: what segmentation is made of."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.segmentation import watershed

#: Two peaks belong together unless the way between them narrows below this share of the lesser one.
_NECK = 0.86


def otsu(values: np.ndarray, top: float) -> float:
    """Return Otsu's threshold of float values clipped to 0..top (Otsu, IEEE Trans SMC 1979; 9:62), 0 of nothing."""
    if values.size == 0:
        return 0.0
    levels = (np.clip(values, 0, top) * (255 / top)).astype(np.uint8).reshape(-1, 1)
    return float(cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)[0] + 0.5) * top / 255


def components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 8-connected components (int32 labels) and their areas, px; area 0 of the background is set to 0."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return labels, areas


def without_small(mask: np.ndarray, least: float) -> np.ndarray:
    """Return the mask without components below `least` px."""
    labels, areas = components(mask)
    return (areas >= least)[labels] & mask


def with_holes_filled(mask: np.ndarray, largest: float) -> np.ndarray:
    """Return the mask with holes of at most `largest` px filled; what touches the border is no hole."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    left, top, w, h, area = stats.T
    hole = (left > 0) & (top > 0) & (left + w < width) & (top + h < height) & (area <= largest)
    hole[0] = False
    return mask | hole[labels]


def depth(mask: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance to the nearest pixel outside, px; the image's border is no edge of a cell."""
    if mask.all():
        return np.full(mask.shape, min(mask.shape) / 2, np.float32)
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def nearest_label(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pixel the label of the nearest labelled pixel and the distance to it, px."""
    outside = (labels == 0).astype(np.uint8)
    if outside.all():
        return np.zeros_like(labels), np.full(labels.shape, np.inf, np.float32)
    distance, index = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(int(index.max()) + 1, labels.dtype)
    inside = outside == 0
    owner[index[inside]] = labels[inside]
    return owner[index], distance


def kernel(radius: float) -> np.ndarray:
    """Return a round structuring element of a radius in px, at least one pixel."""
    side = 2 * max(round(radius), 1) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def opened(mask: np.ndarray, radius: float) -> np.ndarray:
    """Return the morphological opening by a disc."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel(radius)).astype(bool)


def split_touching(mask: np.ndarray, least_radius: float, neck: float = _NECK) -> np.ndarray:
    """Return int32 labels of a mask in which touching cells are parted.

    Watershed of the distance transform (Vincent & Soille, IEEE PAMI 1991; 13:583) from its maxima of at least
    `least_radius` px; see `lobe_centres` for which maxima count. Components without one stay whole.
    """
    smooth, peaks, groups = lobe_centres(mask, least_radius, neck)
    labels, areas = components(mask)
    markers = np.zeros(mask.shape, np.int32)
    markers[peaks[:, 0], peaks[:, 1]] = groups
    parted = watershed(-smooth, markers, mask=mask) if len(peaks) else markers
    lone = (areas > 0) & (np.bincount(labels[parted > 0], minlength=len(areas)) == 0)
    parted[lone[labels]] = labels[lone[labels]] + len(peaks) + 1
    return relabelled(parted)


def lobe_centres(mask: np.ndarray, least_radius: float, neck: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the smoothed distance transform, its maxima (n × 2, row and column) and the lobe, from 1, of each.

    Maxima are one lobe when the straight way between them stays deeper than `neck` times the lesser one: a
    kidney-shaped cell may have two maxima but has no neck.
    """
    smooth = cv2.GaussianBlur(depth(mask), (0, 0), max(least_radius / 4, 0.5))
    highest = cv2.dilate(smooth, kernel(least_radius))
    plateaus, _ = components((smooth >= highest) & (smooth >= least_radius))
    numbers, first = np.unique(plateaus, return_index=True)
    peaks = np.stack(np.unravel_index(first[numbers > 0], mask.shape), axis=1)
    labels, _ = components(mask)
    return smooth, peaks, np.array(_merged(smooth, peaks, labels, neck), np.int32) + 1


def relabelled(labels: np.ndarray) -> np.ndarray:
    """Return the labels renumbered 1, 2, … without gaps, in their order; 0 stays."""
    present = np.bincount(labels.ravel()) > 0
    present[0] = False
    return (np.cumsum(present) * present)[labels].astype(np.int32)


def _merged(smooth: np.ndarray, peaks: np.ndarray, labels: np.ndarray, neck: float) -> list[int]:
    """Return a group number per peak: those of one component that no neck parts, and that reach one another."""
    groups = list(range(len(peaks)))
    height, owner = smooth[peaks[:, 0], peaks[:, 1]], labels[peaks[:, 0], peaks[:, 1]]
    reach = np.hypot(*(peaks[:, None] - peaks[None]).transpose(2, 0, 1)) <= height[:, None] + height[None]
    for i, j in np.argwhere(np.tril(reach & (owner[:, None] == owner[None]), -1)).tolist():
        if groups[i] != groups[j] and not _narrows(smooth, peaks[i], peaks[j], neck):
            old, new = groups[i], groups[j]
            groups = [new if group == old else group for group in groups]
    return groups


def _narrows(smooth: np.ndarray, a: np.ndarray, b: np.ndarray, neck: float) -> bool:
    steps = np.linspace(0, 1, max(int(np.abs(a - b).max()), 2))[:, None]
    rows, columns = np.rint(a + steps * (b - a)).astype(int).T
    along = smooth[rows, columns]
    return bool(along.min() < neck * min(along[0], along[-1]))
