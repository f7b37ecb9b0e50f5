"""Contrast normalisation of one image. Black surround stays black, a blank image stays as it is."""

from __future__ import annotations

import cv2
import numpy as np

#: Pixels no brighter than this in any channel are surround (as around C-NMC's cut-out cells), not specimen.
BLACK = 8


def specimen(image: np.ndarray) -> np.ndarray:
    """Return the mask (height × width, bool) of the pixels that are not black surround."""
    return image.max(axis=2) > BLACK


def clahe(image: np.ndarray, clip: float = 2.0, tiles: int = 8) -> np.ndarray:
    """Equalise lightness locally (CLAHE), leaving hue and chroma.

    Source: K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV (1994), 474–485;
    applied to L of CIE Lab, with OpenCV's usual clip limit 2 and 8 × 8 tiles.
    """
    mask = specimen(image)
    if not mask.any() or np.ptp(image[mask], axis=0).max() == 0:
        return image
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clip, (tiles, tiles)).apply(lab[..., 0])
    return np.where(mask[..., None], cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), image)


def minmax(image: np.ndarray) -> np.ndarray:
    """Stretch each channel of the specimen to 0..255; a channel of one value stays as it is."""
    mask = specimen(image)
    if not mask.any():
        return image
    low, high = image[mask].min(axis=0).astype(np.float32), image[mask].max(axis=0).astype(np.float32)
    flat = high == low
    low[flat], high[flat] = 0, 255
    stretched = np.rint((image - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)
    return np.where(mask[..., None], stretched, image)
