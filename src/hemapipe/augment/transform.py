"""Carry out one planned transform on the pixels of one image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np


def apply(image: np.ndarray, ops: Mapping[str, Any]) -> np.ndarray:
    """Return a transformed copy of `image` (uint8, height × width × 3), of the same size.

    `ops` has the columns `tables.OPS` (a row of augment.csv will do), carried out in this order:

    - `flip` 1: mirrored left to right;
    - `turns`: quarter turns, counter-clockwise (an odd number stretches an oblong image back to its size);
    - `angle`: rotation about the centre, degrees, counter-clockwise; `zoom`: magnification about the centre;
    - `crop`: side of the window that is enlarged to the whole, as a share; `crop_x`, `crop_y` in 0..1 place it
      between the left or top edge (0) and the right or bottom edge (1).

    What lies outside is the image mirrored at its border. Flips and turns move pixels without changing any.
    """
    height, width = image.shape[:2]
    if int(ops["flip"]):
        image = image[:, ::-1]
    turns = int(ops["turns"]) % 4
    if turns:
        image = np.rot90(image, turns)
    image = np.ascontiguousarray(image)
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    matrix = _inverse_affine(width, height, ops)
    if matrix is None:
        return image.copy()
    return cv2.warpAffine(
        image,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _inverse_affine(width: int, height: int, ops: Mapping[str, Any]) -> np.ndarray | None:
    """Return the 2×3 matrix from output to input pixels of crop ∘ zoom ∘ rotation, or None for the identity."""
    angle, zoom, crop = float(ops["angle"]), float(ops["zoom"]), float(ops["crop"])
    if angle == 0 and zoom == 1 and crop == 1:
        return None
    # Pixel centres lie at half-integers, so that a crop's window ends exactly at pixel edges.
    to_edges = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    corner_x, corner_y = (1 - crop) * width * float(ops["crop_x"]), (1 - crop) * height * float(ops["crop_y"])
    window = np.array([[crop, 0, corner_x], [0, crop, corner_y], [0, 0, 1]])
    cos, sin = np.cos(np.deg2rad(angle)) / zoom, np.sin(np.deg2rad(angle)) / zoom
    x, y = width / 2, height / 2
    # The image's y axis points down: a counter-clockwise turn reads its input from a clockwise one.
    turn = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
    return (np.linalg.inv(to_edges) @ turn @ window @ to_edges)[:2]
