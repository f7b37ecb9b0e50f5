"""The same cells on an empty slide that is the same in every image."""

from __future__ import annotations

import numpy as np

from hemapipe.cells.segment import Segmentation
from hemapipe.cells.stain import background

#: Grey level of an empty slide in a neutralised image, all channels.
NEUTRAL = 240


def neutralised(image: np.ndarray, segmentation: Segmentation) -> np.ndarray:
    """Return a copy in which the empty slide is one grey, and the light that fell on the cells is divided out.

    The light is the quadratic surface of `cells.stain.background`. An image with a black rim (a cell that was cut out,
    a round field of an eyepiece) is left alone: what is background there is not seen.
    """
    if segmentation.single_cell:
        return image
    logs = np.log(np.maximum(image, 1).astype(np.float32))
    divided = np.exp(logs - background(logs)) * NEUTRAL
    divided[segmentation.background] = NEUTRAL
    return np.rint(np.clip(divided, 0, 255)).astype(np.uint8)
