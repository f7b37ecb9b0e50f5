"""From grey levels to optical densities: the background's light is estimated, then divided out.

Beer and Lambert: density = -ln(I / I0) adds up over dyes, intensities do not. I0 is the empty slide of the same
image, a quadratic surface per channel, so that stain maps read alike under other lamps, white balances and vignettes
(the role of background division in Ruifrok & Johnston, Anal Quant Cytol Histol 2001; 23:291).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

#: Grey levels below this are sensor noise; it bounds the density at about 3.
_DARKEST = 8
_LOG = np.log(np.maximum(np.arange(256), _DARKEST)).astype(np.float32)
#: Half the width, in density, of the band about the background's mode that counts as background.
_BAND = 0.07


@dataclass(frozen=True)
class Stain:
    """Density maps, each float32 height × width, natural units, 0 for the empty slide.

    Attributes:
        density: mean over the channels: anything that absorbs.
        purple: green minus the mean of red and blue: chromatin bound to azure and eosin. Haemoglobin absorbs blue as
            well, and cytoplasm absorbs red as well, so both are low here, whatever the lamp.
        blue: red minus blue: ribonucleic acid with azure, and chromatin; haemoglobin is near or below 0.
    """

    density: np.ndarray
    purple: np.ndarray
    blue: np.ndarray


def stain_maps(image: np.ndarray) -> Stain:
    """Return the density maps of an RGB uint8 height × width × 3 image."""
    logs = _LOG[image]
    red, green, blue = cv2.split(background(logs) - logs)
    return Stain((red + green + blue) / 3, green - (red + blue) / 2, red - blue)


def background(logs: np.ndarray) -> np.ndarray:
    """Return log I0, float32 as `logs`, height × width × 3.

    The empty slide is the bright mode of the green channel, in which both dyes absorb most; a quadratic surface is
    fitted to the pixels near it, thrice: each surface moves the band into the corners that a lens darkens. Every
    third row and column is enough for six coefficients.
    """
    terms = _terms(*logs.shape[:2])
    some, design = logs[::3, ::3].reshape(-1, 3), terms[::3, ::3].reshape(-1, 6)
    empty = np.abs(some[:, 1] - _bright_mode(some[:, 1])) < _BAND
    weights = _fitted(some, design, empty)
    for _ in range(2):
        off = np.abs(some - design @ weights)
        empty = (off[:, 0] < _BAND) & (off[:, 1] < _BAND) & (off[:, 2] < _BAND)
        if empty.mean() < 0.02:
            break
        weights = _fitted(some, design, empty)
    return terms @ weights


def _bright_mode(green: np.ndarray) -> float:
    """The most frequent log grey level among those above Otsu's threshold (IEEE Trans SMC 1979; 9:62)."""
    levels = np.exp(green).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
    counts = np.bincount(levels.ravel(), minlength=256).astype(np.float64)
    counts[: int(threshold) + 1] = 0
    if not counts.any():  # one grey level only
        return float(green.max())
    return float(np.log(max(int(np.convolve(counts, np.ones(5), "same").argmax()), _DARKEST)))


def _terms(height: int, width: int) -> np.ndarray:
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)


def _fitted(logs: np.ndarray, terms: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """Return the weights, float32 6 × 3, of least squares over the empty pixels; a constant where they are few."""
    values, design = logs[empty].astype(np.float64), terms[empty].astype(np.float64)
    weights = np.zeros((6, 3))
    if len(values) < 60:
        weights[0] = values.mean(axis=0) if len(values) else np.quantile(logs, 0.95, axis=0)
    else:
        damping = np.diag([0, 1, 1, 1, 1, 1]) * 0.01 * len(values)
        weights = np.linalg.solve(design.T @ design + damping, design.T @ values)
    return weights.astype(np.float32)
