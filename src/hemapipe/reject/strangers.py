"""Pictures that are no smears: what a careless upload may be. They measure rejection and train nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from hemapipe.images import decode

_WORDS = "Patient 0417 Haematology report WBC 61.2 Hb 7.9 Plt 34 blasts 62 % lymphoid CD19+ CD10+ please review"
_PX = 256
_N_DRAWN = 8  # of each kind that is drawn


def strangers(seed: int) -> dict[str, list[np.ndarray]]:
    """Return RGB uint8 pictures by kind: the photographs and drawings scikit-image ships, noise, blanks and text."""
    rng = np.random.default_rng(seed)
    return {
        "photo": list(_photographs()),
        "noise": [_noise(rng, index) for index in range(_N_DRAWN)],
        "blank": [np.full((_PX, _PX, 3), colour, np.uint8) for colour in _colours(rng)],
        "text": [_text(rng) for _ in range(_N_DRAWN)],
    }


def _photographs() -> Iterator[np.ndarray]:
    """Yield the pictures in scikit-image's own folder; the two stained tissues and cells among them are no smears."""
    folder = Path(skimage.data.__file__).parent
    for path in sorted(folder.glob("*.png")) + sorted(folder.glob("*.jpg")):
        picture = decode(path.read_bytes()).pixels
        if picture is not None:
            yield picture


def _noise(rng: np.random.Generator, index: int) -> np.ndarray:
    """Return noise of ever larger grains."""
    side = max(_PX >> (index // 2), 4)
    grains = rng.integers(0, 256, (side, side, 3), np.uint8)
    return cv2.resize(grains, (_PX, _PX), interpolation=cv2.INTER_CUBIC if index % 2 else cv2.INTER_NEAREST)


def _colours(rng: np.random.Generator) -> list[list[int]]:
    return [[0, 0, 0], [255, 255, 255], [128, 128, 128], *rng.integers(0, 256, (_N_DRAWN - 3, 3)).tolist()]


def _text(rng: np.random.Generator) -> np.ndarray:
    page = np.full((_PX, _PX, 3), 255, np.uint8)
    words = _WORDS.split()
    for line in range(10):
        said = " ".join(rng.permutation(words)[:4])
        cv2.putText(page, said, (6, 24 + 24 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1, cv2.LINE_AA)
    return page
