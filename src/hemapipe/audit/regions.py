"""Numbers from parts of an image that should not tell a class, and from the cells, which may."""

from __future__ import annotations

import cv2
import numpy as np

from hemapipe.cells.segment import Segmentation

#: Below this share of the image the empty slide is too small to have a colour of its own.
_LEAST_BACKGROUND = 0.005
#: L* below which, and chroma (CIE Lab) below which, a pixel is dark and neutral: ink, frames, never a stained nucleus.
_DARK, _NEUTRAL_CHROMA = 40.0, 8.0
#: Chroma of coloured letters and arrows (97 to 134 for screen colours); stained nuclei reach 70.
_OVERLAY_CHROMA = 85.0


def background_mask(segmentation: Segmentation) -> np.ndarray:
    """Return the empty slide (bool) at a distance from every cell, whose blur and JPEG ringing would tell of it.

    The black around a cell that was cut out is no slide.
    """
    if segmentation.single_cell:
        return np.zeros(segmentation.background.shape, bool)
    margin = max(round(max(segmentation.background.shape) / 64), 1)
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    return cv2.erode(segmentation.background.astype(np.uint8), kernel, borderValue=1).astype(bool)


def background_colour(colours: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return median, mean and sd of L*, a*, b* (9) over `mask`; NaN where there is next to no background.

    Its share of the image is not among them: that counts cells.
    """
    values = colours[mask]
    if len(values) < _LEAST_BACKGROUND * mask.size:
        return np.full(9, np.nan)
    return np.concatenate([np.median(values, axis=0), values.mean(axis=0), values.std(axis=0)])


def border(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return what is burnt into the margins: 28 numbers.

    Of each of four edges (1/16 of the side) and four corners (1/4 by 1/8) the shares of neutral dark pixels, of edges
    twice as sharp as any in the interior, and of colours no stain has; of each outermost line whether it is constant.
    So scale bars, letters, masks and frames are seen, and the cells at the margin are not.
    """
    grey = image.mean(axis=2, dtype=np.float32)
    sharp = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    chroma = np.hypot(colours[..., 1], colours[..., 2])
    height, width = grey.shape
    inner = slice(height // 8, height - height // 8), slice(width // 8, width - width // 8)
    strange = np.stack(
        [
            (colours[..., 0] < _DARK) & (chroma < _NEUTRAL_CHROMA),
            sharp > 2 * np.percentile(sharp[inner], 99.9),
            chroma > _OVERLAY_CHROMA,
        ]
    )
    shares = [strange[:, y, x].mean(axis=(1, 2)) for y, x in _margins(height, width)]
    lines = [line.std() < 1 for line in (grey[0], grey[-1], grey[:, 0], grey[:, -1])]
    return np.concatenate([*shares, np.array(lines, float)])


def cell_size(segmentation: Segmentation) -> np.ndarray:
    """Return counts of white and red cells, and their median and total area, as shares of the image (6)."""
    white = np.bincount(segmentation.white_cells.ravel())[1:]
    red = np.bincount(segmentation.red_cells.ravel())[1:]
    size = segmentation.background.size
    both = [
        (float((areas > 0).sum()), float(np.median(areas)) / size if len(areas) else 0.0, float(areas.sum()) / size)
        for areas in (white, red)
    ]
    return np.array(both).ravel()


def mean_colour(colours: np.ndarray) -> np.ndarray:
    """Return the mean L*, a*, b* of the whole image."""
    return colours.reshape(-1, 3).mean(axis=0)


def _margins(height: int, width: int) -> list[tuple[slice, slice]]:
    thin_y, thin_x = max(height // 16, 1), max(width // 16, 1)
    tall, wide = max(height // 8, 1), max(width // 4, 1)
    every = slice(None)
    edges = [(slice(0, thin_y), every), (slice(-thin_y, None), every)]
    edges += [(every, slice(0, thin_x)), (every, slice(-thin_x, None))]
    ends_y, ends_x = (slice(0, tall), slice(-tall, None)), (slice(0, wide), slice(-wide, None))
    return edges + [(y, x) for y in ends_y for x in ends_x]
