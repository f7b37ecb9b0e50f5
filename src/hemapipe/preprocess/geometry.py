"""Bring an image of any size to a square."""

from __future__ import annotations

import cv2
import numpy as np


def scale(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize to width × height pixels: area-averaging when shrinking, bicubic when a side grows.

    Averaging over areas is the only one of OpenCV's methods that does not alias fine chromatin when it shrinks.
    """
    if image.shape[:2] == (height, width):
        return image
    shrinks = width <= image.shape[1] and height <= image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def letterbox_size(image: np.ndarray, px: int) -> tuple[int, int]:
    """Return (width, height) of the largest size within px × px that keeps the proportions; at least 1 each."""
    height, width = image.shape[:2]
    longest = max(width, height)
    return max(1, round(width * px / longest)), max(1, round(height * px / longest))


def pad(image: np.ndarray, px: int) -> np.ndarray:
    """Centre an image on a px × px square of its own border's median colour.

    The image's own colour, so that the padding is white beside a bright field and black beside a segmented cell.
    """
    height, width = image.shape[:2]
    if (height, width) == (px, px):
        return image
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    square = np.empty((px, px, 3), np.uint8)
    square[:] = np.median(border, axis=0).astype(np.uint8)
    top, left = (px - height) // 2, (px - width) // 2
    square[top : top + height, left : left + width] = image
    return square
