"""Draw a segmentation over its image, for eyes."""

from __future__ import annotations

import cv2
import numpy as np

from hemapipe.cells.segment import Segmentation

RED_CELL, PLATELET, WHITE_CELL, NUCLEUS = (220, 60, 60), (60, 60, 60), (0, 150, 60), (255, 210, 0)


def overlay(image: np.ndarray, segmentation: Segmentation, scale: int = 1) -> np.ndarray:
    """Return an RGB uint8 copy, enlarged `scale` times, with the outlines of all cells.

    Red cells are red, platelets grey, white cells green, nuclei yellow.
    """
    height, width = image.shape[:2]
    size = (width * scale, height * scale)
    drawn = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC) if scale > 1 else image.copy()
    layers = (
        (segmentation.red_cells, RED_CELL),
        (segmentation.platelets, PLATELET),
        (segmentation.white_cells, WHITE_CELL),
        (segmentation.nuclei, NUCLEUS),
    )
    for labels, colour in layers:
        for number in range(1, int(labels.max()) + 1):
            mask = cv2.resize((labels == number).astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR) > 127
            contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(drawn, contours, -1, colour, 1)
    return drawn
