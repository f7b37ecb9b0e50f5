"""Image quality: sharpness, exposure, saturation and information, and which images fall out of their own set."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd

from hemapipe.cells.single import on_black, single_cell

MEASURES = ("sharpness", "dark_end", "light_end", "clipped", "any_clipped", "entropy", "fine_sharpness")
#: Robust z beyond which a value is an outlier (Iglewicz & Hoaglin, How to detect and handle outliers, 1993).
OUTLYING = 3.5
#: An image whose 99th percentile of grey is below the first, or 5th percentile above the second, shows nothing.
DARK, LIGHT = 0.30, 0.95
CLIPPED = 0.25
ANY_CLIPPED = 0.5  # more than is usual in the set: a bright slide saturates a channel in whole sets
ENTROPY = 2.5  # bits of the grey histogram; stained fields have 5 to 7.5, a plain surface less than 2
_ASPECT, _SIZE = 2.0, 4.0  # times the set's median
#: Longer sides are shrunk to this before the fine sharpness is measured, so that no camera's noise is taken for focus.
_FINE_PX = 512
#: Fine sharpness is compared among images of one size, where there are as many.
_LEAST_OF_A_SIZE = 20

#: What a problem means and what to do about it.
PROBLEMS = {
    "blurred": "out of focus beside the rest of the set",
    "dark": "under-exposed: even the brightest pixels are dark",
    "light": "over-exposed: even the darkest pixels are light",
    "clipped": "many pixels sit at an end of the scale, in one channel or in all",
    "low_information": "hardly any structure: an empty field or a plain surface",
    "odd_size": "a size or shape far from the set's own",
}


def measure(image: np.ndarray, full: np.ndarray | None = None) -> np.ndarray:
    """Return the values of `MEASURES` of an RGB uint8 image.

    `sharpness` is the log variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) over that of the image, which
    takes out contrast; `fine_sharpness` is that of `full`, the image as it was decoded, NaN without; ends are the 99th
    and 5th percentile of grey, 0..1; `clipped` is the share of pixels that are all white or all black, `any_clipped`
    of those with any channel at an end; `entropy` is in bits. A black surround of a single cell is left out; such an
    image has no slide that should be bright, so its dark end is NaN.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    alone = on_black(image)
    part = cell_mask(image) if alone else np.ones(grey.shape, bool)
    counts = np.bincount(grey[part], minlength=256) / max(part.sum(), 1)
    below = np.searchsorted(np.cumsum(counts), [0.99, 0.05])
    red, green, blue = cv2.split(image)
    most = cv2.max(cv2.max(red, green), blue)[part]
    least = cv2.min(cv2.min(red, green), blue)[part]
    known = counts[counts > 0]
    return np.array(
        [
            _sharpness(grey, part),
            np.nan if alone else below[0] / 255,
            below[1] / 255,
            float(((least == 255) | (most == 0)).mean()),
            float(((most == 255) | (least == 0)).mean()),
            float(-(known * np.log2(known)).sum()),
            np.nan if full is None else _fine_sharpness(full, part if alone else None),
        ]
    )


def problems(measures: np.ndarray, manifest: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return problem → mask over the rows of `manifest` (those decodable), from their `measures` (n, 7)."""
    sharpness, dark_end, light_end, clipped, any_clipped, entropy, fine = measures.T
    width, height = manifest["width"].to_numpy(float), manifest["height"].to_numpy(float)
    area, aspect = np.log(width * height), np.log(width / height)
    informative = entropy >= ENTROPY
    odd = np.abs(area - np.median(area)) > np.log(_SIZE) if len(area) else np.zeros(0, bool)
    usual = np.median(any_clipped) if len(area) else 0.0
    return {
        "blurred": ((outlying(sharpness) < -OUTLYING) | _blurred_for_its_size(fine, manifest)) & informative,
        "dark": dark_end < DARK,
        "light": light_end > LIGHT,
        "clipped": (clipped > CLIPPED) | (any_clipped - usual > ANY_CLIPPED),
        "low_information": ~informative,
        "odd_size": odd | (np.abs(aspect - np.median(aspect)) > np.log(_ASPECT)) if len(area) else odd,
    }


def _blurred_for_its_size(fine: np.ndarray, manifest: pd.DataFrame) -> np.ndarray:
    """Judge fine sharpness (n,) among images of one size: it depends on the size."""
    blurred = np.zeros(len(fine), bool)
    sizes = manifest[["width", "height"]].reset_index(drop=True)
    for rows in sizes.groupby(["width", "height"]).indices.values():
        rows = rows[np.isfinite(fine[rows])]
        if len(rows) >= _LEAST_OF_A_SIZE:
            blurred[rows] = outlying(fine[rows]) < -OUTLYING
    return blurred


def _sharpness(grey: np.ndarray, part: np.ndarray) -> float:
    edges = float(cv2.Laplacian(grey, cv2.CV_32F)[part].var())
    return float(np.log((edges + 0.1) / (float(grey[part].var()) + 1.0)))


def _fine_sharpness(full: np.ndarray, cell: np.ndarray | None) -> float:
    """Return the sharpness at up to `_FINE_PX`, of the part `cell` (bool, of any size) alone where it is given."""
    grey = cv2.cvtColor(full, cv2.COLOR_RGB2GRAY)
    factor = _FINE_PX / max(grey.shape)
    if factor < 1:
        size = (max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    if cell is None:
        return _sharpness(grey, np.ones(grey.shape, bool))
    part = cv2.resize(cell.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return _sharpness(grey, part) if part.any() else float("nan")


def cell_mask(image: np.ndarray) -> np.ndarray:
    """Return the cell on a black surround (bool) without its sharp outline, which is the scissors', not the lens's."""
    cell = single_cell(image)[0].astype(np.uint8)
    inner = cv2.erode(cell, np.ones((5, 5), np.uint8), borderValue=0).astype(bool)
    return inner if inner.any() else cell > 0


def outlying(values: np.ndarray) -> np.ndarray:
    """Return robust z: the distance from the median in units of 1.4826 MAD, 0 where the set does not vary."""
    if not len(values):
        return values
    off = values - np.median(values)
    spread = 1.4826 * np.median(np.abs(off))
    return off / spread if spread > 1e-9 else np.zeros_like(off)
