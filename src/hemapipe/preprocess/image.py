"""One image to one square: the recipe shared by the packed arrays and by prediction on new images."""

from __future__ import annotations

import numpy as np

from hemapipe.preprocess import contrast, geometry, stain
from hemapipe.preprocess.params import PreprocessParams

_STAINS = {"reinhard": stain.reinhard, "macenko": stain.macenko}
_CONTRASTS = {"clahe": contrast.clahe, "minmax": contrast.minmax}


def square(image: np.ndarray, px: int, params: PreprocessParams) -> np.ndarray:
    """Return an RGB uint8 image of any size as px × px × 3 uint8.

    Colour is normalised after shrinking, which costs a fraction and changes little, and before padding, which must not
    count as specimen.
    """
    width, height = geometry.letterbox_size(image, px) if params.shape == "letterbox" else (px, px)
    image = geometry.scale(image, width, height)
    if px in params.neutral:
        image = _neutral(image)
    if params.stain != "none":
        image = _STAINS[params.stain](image)
    if params.contrast != "none":
        image = _CONTRASTS[params.contrast](image)
    return geometry.pad(image, px)


def _neutral(image: np.ndarray) -> np.ndarray:
    # Here, as segmentation brings scikit-image: a third of a second at the start of every worker, mostly for nothing.
    from hemapipe.cells.segment import segment
    from hemapipe.cells.slide import neutralised

    return neutralised(image, segment(image))
