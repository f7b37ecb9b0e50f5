"""Stain normalisation of one image towards a fixed reference, independent of every other image."""

from __future__ import annotations

import cv2
import numpy as np

from hemapipe.preprocess.contrast import specimen

#: Mean and sd of CIE Lab (L 0..100, a, b) of a stained blood film: the reference of `reinhard`. The medians over 156
#: fields of the Taleqani set, rounded.
REFERENCE_LAB = (np.array([86.0, 2.0, -10.0], np.float32), np.array([12.5, 10.0, 15.5], np.float32))

#: Optical density of haematoxylin and eosin (columns; rows R, G, B), and their 99th percentile concentrations:
#: the reference of the code published with Macenko et al.
REFERENCE_STAINS = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
REFERENCE_MAXIMA = np.array([1.9705, 1.0308])

_WHITE = 240.0  # light intensity that counts as unstained
_FAINT = 0.15  # optical density below which a pixel is background
_FEWEST = 20  # stained pixels needed for an estimate


def reinhard(image: np.ndarray) -> np.ndarray:
    """Shift and scale the colour of the specimen to the reference's mean and sd in Lab.

    Source: E. Reinhard et al., "Color transfer between images", IEEE CG&A 21(5), 2001, 34–41, doi 10.1109/38.946629;
    with CIE Lab in place of lαβ, as usual in histology. A blank image is returned as it is.
    """
    mask = specimen(image)
    if not mask.any():
        return image
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean, sd = lab[mask].mean(axis=0), lab[mask].std(axis=0)
    if sd[0] < 0.5:
        return image
    wanted_mean, wanted_sd = REFERENCE_LAB
    lab = (lab - mean) * (wanted_sd / np.maximum(sd, 0.5)) + wanted_mean
    lab[..., 0] = lab[..., 0].clip(0, 100)
    result = np.rint(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255).clip(0, 255).astype(np.uint8)
    return np.where(mask[..., None], result, image)


def macenko(image: np.ndarray) -> np.ndarray:
    """Separate two stains and recompose the image with the reference's stain vectors and strengths.

    Source: M. Macenko et al., "A method for normalizing histology slides for quantitative analysis", ISBI 2009,
    1107–1110, doi 10.1109/ISBI.2009.5193250. An image with too little stain, or with one colour, is returned as it is.
    Made for haematoxylin and eosin: on blood films it evens out slides, at the price of unnatural colours.
    """
    mask = specimen(image)
    density = -np.log(np.maximum(image.astype(np.float64), 1) / _WHITE).clip(max=5.5).reshape(-1, 3)
    stained = mask.ravel() & (density >= _FAINT).all(axis=1)
    if stained.sum() < _FEWEST:
        return image
    vectors = _stain_vectors(density[stained])
    if vectors is None:
        return image
    strengths = (density @ np.linalg.pinv(vectors).T).clip(min=0)  # a stain cannot add light
    maxima = np.percentile(strengths[stained], 99, axis=0)
    if (maxima < 1e-3).any():
        return image
    density = (strengths * (REFERENCE_MAXIMA / maxima)) @ REFERENCE_STAINS.T
    result = np.rint(_WHITE * np.exp(-density)).clip(0, 255).astype(np.uint8).reshape(image.shape)
    return np.where(mask[..., None], result, image)


def _stain_vectors(density: np.ndarray, percentile: float = 1.0) -> np.ndarray | None:
    """Return two unit stain vectors as columns (3 × 2), the bluer one first, or None where only one colour is seen."""
    values, axes = np.linalg.eigh(np.cov(density.T))
    if values[1] < 1e-6:  # a line, not a plane: one stain only
        return None
    plane = axes[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    angles = np.arctan2(*(density @ plane).T[::-1])
    low, high = np.percentile(angles, [percentile, 100 - percentile])
    if high - low < 1e-3:
        return None
    pair = plane @ np.array([[np.cos(low), np.cos(high)], [np.sin(low), np.sin(high)]])
    # Red absorbed less blue absorbed says which is the bluer; red alone mistakes grey red cells for nuclei.
    blueness = pair[0] - pair[2]
    return pair if blueness[0] > blueness[1] else pair[:, ::-1]
