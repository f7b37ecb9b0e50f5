"""A single cell cut out on black, as C-NMC 2019 has them: the cell is what is not black."""

from __future__ import annotations

import cv2
import numpy as np

from hemapipe.cells import masks

_BLACK = 12  # grey level; JPEG ringing stays below


def on_black(image: np.ndarray) -> bool:
    """Say whether the image's rim (uint8 RGB) is black all around while something else is not."""
    bright = image.max(axis=2) > _BLACK
    rim = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return bool(rim.mean() < 0.1 and (bright.any() or not rim.any()))


def single_cell(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int32 labels (0 and 1) of the cell and its nucleus.

    The cell is the largest part that is not black. Its nucleus is what Otsu's threshold of the green channel calls
    dark, if the rest is clearly paler and lies outside; else the nucleus fills the cell, as in most lymphoblasts.
    """
    bright = image.max(axis=2) > _BLACK
    labels, areas = masks.components(bright)
    if not areas.any():
        nothing = np.zeros(bright.shape, np.int32)
        return nothing, nothing
    cell = masks.with_holes_filled(labels == areas.argmax(), float(bright.size))
    return cell.astype(np.int32), _nucleus(image, cell).astype(np.int32)


def _nucleus(image: np.ndarray, cell: np.ndarray) -> np.ndarray:
    radius = np.sqrt(cell.sum() / np.pi)
    red, green, blue = cv2.split(cv2.GaussianBlur(image, (0, 0), max(radius / 20, 0.5)).astype(np.float32) + 4)
    pale = np.log(green)
    return cell
