"""A single cell cut out on black, as C-NMC 2019 has them: the cell is what is not black."""

from __future__ import annotations

import cv2
import numpy as np

from hemapipe.cells import masks

_BLACK = 12  # grey level; JPEG ringing stays below
_CONTRAST = 0.2  # natural units of density, between chromatin and what counts as cytoplasm


def on_black(image: np.ndarray) -> bool:
    """Say whether the image's rim (uint8 RGB) is black all around while something else is not."""
    bright = _bright(image)
    rim = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return bool(rim.mean() < 0.1 and bright.any())


def _bright(image: np.ndarray) -> np.ndarray:
    red, green, blue = cv2.split(image)
    return np.maximum(np.maximum(red, green), blue) > _BLACK


def single_cell(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int32 labels (0 and 1) of the cell and its nucleus.

    The cell is the largest part that is not black. Its nucleus is what Otsu's threshold of the green channel calls
    dark, if the rest is clearly paler and lies outside; else the nucleus fills the cell, as in most lymphoblasts.
    """
    bright = _bright(image)
    labels, areas = masks.components(bright)
    if not areas.any():
        nothing = np.zeros(bright.shape, np.int32)
        return nothing, nothing
    cell = masks.with_holes_filled(labels == areas.argmax(), float(bright.size))
    return cell.astype(np.int32), _nucleus(image, cell).astype(np.int32)


def _nucleus(image: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return the nucleus within a cell (bool); purple is that of `stain.Stain`, smoothed within the cell alone."""
    radius = np.sqrt(cell.sum() / np.pi)
    logs = np.log(np.maximum(image, _BLACK).astype(np.float32))
    weight = cell.astype(np.float32)
    purple = ((logs[..., 0] + logs[..., 2]) / 2 - logs[..., 1]) * weight
    sigma = max(radius / 15, 0.5)
    purple = cv2.GaussianBlur(purple, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
    dark = cell & (purple > masks.otsu(purple[cell], 1.5))
    dark = masks.with_holes_filled(masks.opened(dark, radius / 8), float(cell.size))
    pale = masks.opened(cell & ~dark, radius / 10)
    if pale.sum() < 0.04 * cell.sum() or dark.sum() < 0.15 * cell.sum():
        return cell
    if np.median(purple[dark]) - np.median(purple[pale]) < _CONTRAST:
        return cell
    return dark
