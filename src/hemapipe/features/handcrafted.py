"""Hand-crafted features: the cells' attributes of every image, as a table of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from joblib import Parallel, delayed

from hemapipe.cells.attributes import NAMES, attributes
from hemapipe.cells.segment import segment

_CHUNK = 32  # images per task: 0.5 s of work, and 5 MB to a worker at 224 px


def extract(images: Sequence[np.ndarray] | np.ndarray, n_jobs: int = 1) -> np.ndarray:
    """Measure the cells of each image.

    Args:
        images: uint8 RGB, N × px × px × 3 (an array, which may be memory-mapped) or a sequence of height × width × 3.
            Only the images in work are held in memory.
        n_jobs: processes, as joblib counts them; any joblib back end configured by the caller is used. The numbers
            do not depend on it.

    Returns:
        float32 N × len(NAMES), finite; the columns are `cells.attributes.NAMES`.
    """
    starts = range(0, len(images), _CHUNK)
    # Sliced here, lazily, so that a worker is sent its own images and not the whole array.
    parts = Parallel(n_jobs=n_jobs, pre_dispatch="2*n_jobs")(
        delayed(_measured)(images[start : start + _CHUNK]) for start in starts
    )
    return np.concatenate([np.empty((0, len(NAMES)), np.float32), *parts])


def _measured(images: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    cv2.setNumThreads(1)  # the processes share the cores already
    rows = [list(attributes(image, segment(image)).values()) for image in map(np.asarray, images)]
    return np.array(rows, np.float32).reshape(-1, len(NAMES))
