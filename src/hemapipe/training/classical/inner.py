"""Inner folds of the training rows, for models that calibrate themselves."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from hemapipe.core.errors import HemapipeError

_N_FOLDS = 5


def inner_folds(y: np.ndarray, groups: np.ndarray, image_ids: np.ndarray, seed: int) -> np.ndarray:
    """Return the inner fold (n,) of each training row: no group in two folds, every class in the rest of each.

    Where the groups are too few for that, images are kept whole instead (variants stay with their original).

    Raises:
        HemapipeError: a class has a single image.
    """
    for units in (groups, image_ids):
        smallest = min(len(np.unique(units[y == name])) for name in np.unique(y))
        for n_folds in range(min(_N_FOLDS, smallest), 1, -1):
            folds = _assign(y, units, n_folds, seed)
            if all(set(y[folds != fold]) == set(y) for fold in range(n_folds)):
                return folds
    raise HemapipeError("a support vector machine needs at least two training images of every class")


def _assign(y: np.ndarray, units: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    folds = np.zeros(len(y), int)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(y, y, units)):
        folds[held_out] = fold
    return folds
