"""Hold a segmentation against the synthetic truth."""

from __future__ import annotations

import numpy as np

from hemapipe.cells.segment import Segmentation

_RED_CELL, _CYTOPLASM, _NUCLEUS = 1, 2, 3  # values of the truth's label image (hemapipe.smear.canvas)


def dice(found: np.ndarray, true: np.ndarray) -> float:
    """Return 2|A∩B| / (|A|+|B|) of two bool masks (Dice, Ecology 1945; 26:297), 1 where both are empty."""
    total = int(found.sum()) + int(true.sum())
    return 2 * int((found & true).sum()) / total if total else 1.0


def agreement(segmentation: Segmentation, label: np.ndarray, instance: np.ndarray) -> dict[str, float]:
    """Compare with the truth of one field.

    Args:
        segmentation: of the field's image.
        label: uint8 height × width: 0 background, 1 red cell, 2 cytoplasm, 3 nucleus of a white cell.
        instance: uint8 height × width, the number of the cell.

    Returns:
        Dice of nuclei, white cells and red cells; `count_error`, white cells found minus true; `nc_error`, the
        difference of nucleus area / cell area over all white cells of the image.
    """
    white = label >= _CYTOPLASM
    cells, nuclei = segmentation.white_cells > 0, segmentation.nuclei > 0
    true_ratio = (label == _NUCLEUS).sum() / max(white.sum(), 1)
    return {
        "nucleus_dice": dice(nuclei, label == _NUCLEUS),
        "cell_dice": dice(cells, white),
        "red_dice": dice(segmentation.red_cells > 0, label == _RED_CELL),
        "count_error": float(segmentation.white_cells.max()) - len(np.unique(instance[white])),
        "nc_error": float(nuclei.sum() / max(cells.sum(), 1) - true_ratio),
    }
