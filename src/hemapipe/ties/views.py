"""Thumbnails of windows of an image in all eight turns, and where in the image each lies.

Places are in unit coordinates: x to the right and y down, both 0..1 over the image. A view's 3 × 3 matrix takes its own
coordinates to those of the image.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from hemapipe.ties import planes

THUMB_PX = 12
_CROP, _FAR = 0.9, (0.8, 0.65)  # sides of the windows, shares of the image's
_QUARTER = np.array([[0.0, -1, 1], [1, 0, 0], [0, 0, 1]])  # np.rot90: counterclockwise
_MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])  # left to right
N_TURNS = 8


class Window(NamedTuple):
    """A square part of an image: its left and upper edge and its side."""

    x: float
    y: float
    side: float

    @property
    def matrix(self) -> np.ndarray:
        """Its coordinates → those of the image."""
        return np.array([[self.side, 0, self.x], [0, self.side, self.y], [0, 0, 1]])


class Match(NamedTuple):
    """A window of one image, in some turns, held against a window of another (indices of `WINDOWS`)."""

    window: int
    base: int
    n_turns: int


def _at(side: float, x: int, y: int) -> Window:
    """Return the window at x, y = 0 (left, top), 2 (middle) .. 4 (right, bottom) of the image."""
    return Window(x * (1 - side) / 4, y * (1 - side) / 4, side)


_RIM = [(x, y) for y in range(5) for x in range(5) if {x, y} & {0, 4}]  # 16 places; its reverse is its opposites
_CROPS = [_at(_CROP, x, y) for x, y in [(0, 0), (4, 0), (2, 2), (0, 4), (4, 4)]]
_RIMS = [[_at(_FAR[0], x, y) for x, y in _RIM if not x % 2 and not y % 2], [_at(_FAR[1], x, y) for x, y in _RIM]]
WINDOWS = [Window(0, 0, 1), *_CROPS, *_RIMS[0], *_RIMS[1]]
#: The whole and five crops against the whole, in all turns: a copy that was cropped (85 % and more) or moved a little.
COPIES = [Match(window, 0, N_TURNS) for window in range(1 + len(_CROPS))]
#: Opposite windows at the rim, not turned: the slide moved by up to two fifths of the field between two pictures. Half
#: of them: the other half is what the second image sees of the first.
NEIGHBOURS = [
    Match(first + number, first + len(rim) - 1 - number, 1)
    for first, rim in zip((1 + len(_CROPS), 1 + len(_CROPS) + len(_RIMS[0])), _RIMS, strict=True)
    for number in range(len(rim) // 2)
]


def turn_matrix(turn: int) -> np.ndarray:
    """Return the coordinates of a turned image → those of the image, for turn 0..7 (see `turned`)."""
    matrix = np.linalg.matrix_power(_QUARTER, turn % 4)
    return matrix @ _MIRROR if turn >= 4 else matrix


def turned(stack: np.ndarray, turn: int) -> np.ndarray:
    """Return images (n, px, px) turned counterclockwise by `turn` % 4 quarters, from 4 on then mirrored."""
    stack = np.rot90(stack, turn % 4, axes=(1, 2))
    return stack[:, :, ::-1] if turn >= 4 else stack


def thumbnails(image: np.ndarray) -> np.ndarray:
    """Return a unit vector per window (len(WINDOWS), THUMB_PX², float32), zero where nothing is to be seen.

    Its coarse part (sigma a quarter of the side) is taken away: light that falls off to the edge, tint.
    """
    grey, weight = planes.plane(image, 4 * THUMB_PX)
    return np.stack([_thumbnail(grey, weight, window) for window in WINDOWS])


def _thumbnail(grey: np.ndarray, weight: np.ndarray, window: Window) -> np.ndarray:
    px, (x, y, side) = len(grey), window
    box = (slice(round(y * px), round((y + side) * px)), slice(round(x * px), round((x + side) * px)))
    size = (THUMB_PX, THUMB_PX)
    small = [cv2.resize(values[box], size, interpolation=cv2.INTER_AREA) for values in (grey * weight, weight)]
    seen = small[1]
    vector = planes.band(small[0] / np.maximum(seen, 1e-3), seen, 0, THUMB_PX / 4).ravel()
    vector -= vector.mean()
    return vector / max(float(np.linalg.norm(vector)), 1e-3)
