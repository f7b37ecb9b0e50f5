"""How a slide was stained and lit: a few numbers per image that change from one session to the next."""

from __future__ import annotations

import cv2
import numpy as np
from joblib import Parallel, delayed

_CHUNK = 500
_PX = 64
_BRIGHT, _DARK = 85, 10  # percentiles of the green plane beyond which lie the empty field, and the nuclei


def measure(packed: np.ndarray, rows: np.ndarray, n_jobs: int = 1) -> np.ndarray:
    """Return the appearance of the images `rows` of `packed` (N, px, px, 3; uint8 RGB): (len(rows), 9), float64.

    Per image the median logarithms (natural, of values + 1) of red, green and blue of the empty field, of what lies
    between, and of the nuclei: the light, and by Beer and Lambert the density of the stain.
    """
    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    parts = Parallel(n_jobs=min(n_jobs, max(len(chunks), 1)))(delayed(_some)(packed, chunk) for chunk in chunks)
    return np.concatenate([np.zeros((0, 9)), *parts])


def _some(packed: np.ndarray, rows: np.ndarray) -> np.ndarray:
    cv2.setNumThreads(1)
    return np.stack([_appearance(np.asarray(packed[row])) for row in rows])


def _appearance(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, (_PX, _PX), interpolation=cv2.INTER_AREA)
    logs = np.log1p(small.astype(np.float64))
    green = small[:, :, 1]
    dark, bright = np.percentile(green, (_DARK, _BRIGHT))
    parts = [green >= bright, (green < bright) & (green > dark), green <= dark]
    return np.concatenate([np.median(logs[part], axis=0) if part.any() else np.zeros(3) for part in parts])
