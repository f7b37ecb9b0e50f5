"""Pictures for the eye, small enough to travel inside a page."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from hemapipe.cells.overlay import overlay
from hemapipe.cells.segment import segment

_QUALITY = 82
#: From here on, a picture shows the outlines of its cells as well: below there is nothing to see.
LEAST_OUTLINED = 240
#: How heavily the heat of an explanation covers the image where it is strongest.
_COVER = 0.75
#: Regions that speak for the class, and against it: apart for the colour-blind, and unlike any stain.
FOR, AGAINST = (255, 160, 0), (0, 114, 178)


@dataclass(frozen=True)
class Picture:
    """Data URLs of the image and of its cells' outlines ('' where too small), and their size in pixels."""

    image: str
    outlined: str
    width: int
    height: int


def data_url(image: np.ndarray) -> str:
    """Return an RGB uint8 image as a JPEG in a data URL."""
    data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def fitted(image: np.ndarray, size: int) -> np.ndarray:
    """Return the image shrunk, or enlarged up to four times, so that its longer side is `size` pixels."""
    height, width = image.shape[:2]
    factor = min(size / max(height, width), 4)
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def picture(image: np.ndarray, size: int) -> Picture:
    """Return an image for the page, its longer side `size` pixels."""
    shown = fitted(image, size)
    outlined = data_url(overlay(shown, segment(shown))) if size >= LEAST_OUTLINED else ""
    return Picture(data_url(shown), outlined, shown.shape[1], shown.shape[0])


def heated(image: np.ndarray, drops: np.ndarray, size: int) -> str:
    """Return the image under a map of `drops` (rows, columns): how much a probability falls where it is covered.

    The stronger the drop beside the largest of the map, the denser the colour; regions without effect stay clear.
    """
    shown = fitted(image, size).astype(np.float32)
    smooth = cv2.resize(drops.astype(np.float32), shown.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    strength = np.clip(smooth / max(float(np.abs(drops).max()), 1e-9), -1, 1)[..., None]
    grey = shown.mean(axis=2, keepdims=True) * 0.6 + shown * 0.4  # so that the heat's colours are not the stain's
    colour = np.where(strength > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    cover = _COVER * np.abs(strength) ** 1.2
    return data_url(np.clip(grey * (1 - cover) + colour * cover, 0, 255).astype(np.uint8))
