"""What share of a map falls on nuclei, on the rest of white cells, on other cells and on what is no cell."""

from __future__ import annotations

import numpy as np

from hemapipe.cells.segment import Segmentation
from hemapipe.evaluation.bootstrap import intervals

#: The parts of an image; each pixel is in one.
REGIONS = ("nucleus", "cytoplasm", "other_cells", "background")


def masks(segmentation: Segmentation) -> np.ndarray:
    """Return bool (4, height, width), a layer for each of `REGIONS`; background is all that is no cell."""
    nucleus = segmentation.nuclei > 0
    cytoplasm = (segmentation.white_cells > 0) & ~nucleus
    other = ((segmentation.red_cells > 0) | (segmentation.platelets > 0)) & ~nucleus & ~cytoplasm
    return np.stack([nucleus, cytoplasm, other, ~(nucleus | cytoplasm | other)])


def shares(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return (n, 4): the share of each map (n, px, px) in each of its image's regions (n, 4, px, px); NaN of none."""
    inside = np.einsum("nyx,nryx->nr", maps.astype(float), regions.astype(float))
    total = maps.sum(axis=(1, 2), dtype=float)[:, None]
    return np.divide(inside, total, out=np.full_like(inside, np.nan), where=total > 0)


def areas(regions: np.ndarray) -> np.ndarray:
    """Return (n, 4): the share of each image's area in each region (n, 4, px, px)."""
    return regions.mean(axis=(2, 3))


def ratios(
    found: np.ndarray, area: np.ndarray, groups: np.ndarray, n_resamples: int, seed: int
) -> dict[str, tuple[float, float, float]]:
    """Return region → (ratio, low, high): the mean share of the maps over the mean share of the area; 1 is chance.

    Each image counts once, however strong its map; images with an empty map (NaN in `found`, (n, 4)) are left out.
    The interval is the 95 % bootstrap over `groups` (n,), see `evaluation.bootstrap`. A region that no image has is
    left out; all values may be NaN where nothing can be told.
    """
    known = np.isfinite(found).all(axis=1)
    if not known.any():
        return {}
    shown, size, drawn = found[known], area[known], groups[known]
    present = [index for index in range(len(REGIONS)) if size[:, index].any()]

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        above, below = weights @ shown, weights @ size
        ratio = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
        return {REGIONS[index]: ratio[:, index] for index in present}

    values = score(np.ones((1, len(drawn))))
    limits = intervals(score, drawn, n_resamples, seed)
    return {name: (float(values[name][0]), *limits[name]) for name in values}
