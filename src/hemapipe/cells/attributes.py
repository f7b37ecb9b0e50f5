"""What a haematologist would note of an image, as numbers with fixed names."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from hemapipe.cells import colour, shape, texture
from hemapipe.cells.segment import Segmentation

_COUNTS = (
    "has_white_cell", "single_cell", "n_white", "n_red", "n_platelets", "white_share", "red_share", "red_area",
    "background_share",
)  # fmt: skip
#: Measured in each white cell, then summarised over the cells.
_PER_CELL = {
    "nucleus_area": ("mean", "max", "sd"),
    "cell_area": ("mean", "max", "sd"),
    "nc_ratio": ("mean", "max", "sd"),
    "nucleus_roundness": ("mean", "min", "sd"),
    "nucleus_convexity": ("mean", "sd"),
    "nucleus_solidity": ("mean", "min", "sd"),
    "nucleus_eccentricity": ("mean", "sd"),
    "nucleus_offset": ("mean",),
    "cell_roundness": ("mean", "sd"),
    "cell_solidity": ("mean",),
    "cell_eccentricity": ("mean",),
    "lobes": ("mean", "max"),
    "nucleoli": ("mean", "max"),
    "nucleoli_share": ("mean",),
}
_REGIONS = ("nucleus", "cytoplasm", "background")
_SUMMARIES: dict[str, Callable[[list[float]], float]] = {"mean": np.mean, "max": np.max, "min": np.min, "sd": np.std}

#: The names of the attributes, in order; docs/cells.md says what each means.
NAMES: tuple[str, ...] = (
    *_COUNTS,
    *(f"{name}_{summary}" for name, summaries in _PER_CELL.items() for summary in summaries),
    *texture.GLCM_NAMES,
    *texture.LBP_NAMES,
    *(name for region in _REGIONS for name in colour.names(region)),
)


def attributes(image: np.ndarray, segmentation: Segmentation) -> dict[str, float]:
    """Measure an RGB uint8 height × width × 3 image and its segmentation.

    Areas are shares of the image's area; everything else is a count, a ratio without unit, or CIE L*a*b*. Means over
    white cells leave out those cut off by the border, unless there are no others; counts and shares include them.
    Where there is no white cell `has_white_cell` and all that describes one are 0; on a black surround the
    background's colours are 0. All values are finite.

    Raises:
        ValueError: image and segmentation differ in height or width.
    """
    if image.shape[:2] != segmentation.nuclei.shape:
        raise ValueError(f"image is {image.shape[:2]}, its segmentation {segmentation.nuclei.shape}")
    chosen = whole_cells(segmentation.white_cells)
    nuclei = np.where(np.isin(segmentation.nuclei, chosen), segmentation.nuclei, 0)
    cytoplasm = np.isin(segmentation.white_cells, chosen) & (segmentation.nuclei == 0)
    grey, colours = image[..., 1], colour.lab(image)
    inner = cv2.erode((nuclei > 0).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    background = segmentation.background & (not segmentation.single_cell)
    values = {
        **_counts(segmentation),
        **_summarised(_cells(grey, segmentation, chosen)),
        **texture.cooccurrence(grey, nuclei),
        **texture.binary_patterns(grey, inner),
        **colour.moments("nucleus", colours, nuclei > 0),
        **colour.moments("cytoplasm", colours, cytoplasm),
        **colour.moments("background", colours, background),
    }
    return {name: float(values[name]) for name in NAMES}


def whole_cells(labels: np.ndarray) -> np.ndarray:
    """Return the numbers of the cells that do not touch the border; all of them if each does."""
    cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    every = np.arange(1, int(labels.max()) + 1)
    whole = np.setdiff1d(every, cut)
    return whole if whole.size else every


def _counts(segmentation: Segmentation) -> dict[str, float]:
    red = segmentation.red_cells
    areas = np.bincount(red.ravel())[whole_cells(red)]
    return {
        "has_white_cell": float(segmentation.white_cells.any()),
        "single_cell": float(segmentation.single_cell),
        "n_white": float(segmentation.white_cells.max()),
        "n_red": float(red.max()),
        "n_platelets": float(segmentation.platelets.max()),
        "white_share": float((segmentation.white_cells > 0).mean()),
        "red_share": float((red > 0).mean()),
        "red_area": float(np.median(areas) / red.size) if areas.size else 0.0,
        "background_share": float(segmentation.background.mean()),
    }


def _cells(grey: np.ndarray, segmentation: Segmentation, chosen: np.ndarray) -> dict[str, list[float]]:
    """Return a list per attribute, with a value per chosen cell."""
    measured: dict[str, list[float]] = {name: [] for name in _PER_CELL}
    windows = _windows(segmentation.white_cells)
    for number in chosen.tolist():
        window = windows[number]
        nucleus, cell = segmentation.nuclei[window] == number, segmentation.white_cells[window] == number
        for name, value in _one_cell(grey[window], nucleus, cell, grey.size).items():
            measured[name].append(value)
    return measured


def _one_cell(grey: np.ndarray, nucleus: np.ndarray, cell: np.ndarray, image_area: int) -> dict[str, float]:
    """Measure one cell by its two masks (bool); offset is between the centroids, in radii of the cell."""
    of_nucleus, of_cell = shape.measure(nucleus), shape.measure(cell)
    nucleus_area, cell_area = float(nucleus.sum()), float(cell.sum())
    apart = _centroid(nucleus) - _centroid(cell)
    n_nucleoli, nucleoli_area = texture.nucleoli(grey, nucleus)
    return {
        "nucleus_area": nucleus_area / image_area,
        "cell_area": cell_area / image_area,
        "nc_ratio": nucleus_area / cell_area,
        "nucleus_roundness": of_nucleus.roundness,
        "nucleus_convexity": of_nucleus.convexity,
        "nucleus_solidity": of_nucleus.solidity,
        "nucleus_eccentricity": of_nucleus.eccentricity,
        "nucleus_offset": float(np.hypot(*apart) / np.sqrt(cell_area / np.pi)),
        "cell_roundness": of_cell.roundness,
        "cell_solidity": of_cell.solidity,
        "cell_eccentricity": of_cell.eccentricity,
        "lobes": float(shape.lobes(nucleus)),
        "nucleoli": float(n_nucleoli),
        "nucleoli_share": nucleoli_area / max(nucleus_area, 1.0),
    }


def _summarised(measured: dict[str, list[float]]) -> dict[str, float]:
    return {
        f"{name}_{summary}": float(_SUMMARIES[summary](measured[name])) if measured[name] else 0.0
        for name, summaries in _PER_CELL.items()
        for summary in summaries
    }


def _windows(labels: np.ndarray) -> dict[int, tuple[slice, slice]]:
    """Return each cell's bounding box with a margin of one pixel where the image has one."""
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns]
    count = int(labels.max()) + 1
    low, high = np.full((2, count), max(labels.shape)), np.zeros((2, count), int)
    for axis, places in enumerate((rows, columns)):
        np.minimum.at(low[axis], owner, places)
        np.maximum.at(high[axis], owner, places)
    return {
        number: (
            slice(max(low[0, number] - 1, 0), high[0, number] + 2),
            slice(max(low[1, number] - 1, 0), high[1, number] + 2),
        )
        for number in range(1, count)
    }


def _centroid(mask: np.ndarray) -> np.ndarray:
    if not mask.any():
        return np.zeros(2)
    return np.array([places.mean() for places in np.nonzero(mask)])
