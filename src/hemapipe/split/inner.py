"""Inner folds of each fold's training and validation rows, for choosing settings without touching its test rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.group.components import components
from hemapipe.split.contiguous import capture_order
from hemapipe.split.leaks import SHARED
from hemapipe.split.params import SplitParams
from hemapipe.split.units import kfold


def inner_folds(rows: pd.DataFrame, roles: np.ndarray, params: SplitParams, seed: int, fold: int) -> np.ndarray:
    """Return the inner fold, 0 to `n_inner` − 1, of every train and val row of one fold; -1 for all others.

    Nested cross-validation as in Varma and Simon, Bias in error estimation when using cross-validation for model
    selection, BMC Bioinformatics 2006; 7:91. Classes keep their shares, and but for the scheme `image` whatever is
    tied in any way stays in one inner fold. Under `contiguous` the inner folds are blocks of capture order, without an
    embargo: neighbours across their edges can sway the choice of a setting, not the test.

    Raises:
        HemapipeError: a class has fewer units than inner folds.
    """
    inner = np.full(len(rows), -1)
    if params.n_inner == 0:
        return inner
    pool = np.flatnonzero(np.isin(roles, ["train", "val"]))
    part = rows.iloc[pool].reset_index(drop=True)
    labels = part["label"].to_numpy(str)
    what = f"{params.n_inner} inner folds of fold {fold}: lower split.n_inner"
    if params.scheme == "contiguous":
        inner[pool] = _blocks(part, labels, params.n_inner, what)
        return inner
    units = None if params.scheme == "image" else components(part, SHARED.values())
    for number, mask in enumerate(kfold(labels, units, params.n_inner, seed, what)):
        inner[pool[mask]] = number
    return inner


def _blocks(part: pd.DataFrame, labels: np.ndarray, n_inner: int, what: str) -> np.ndarray:
    """Cut the capture order of each class into blocks; a unit across an edge goes to the earlier block as a whole."""
    blocks = np.zeros(len(part), int)
    for order in capture_order(part):
        blocks[order] = np.arange(len(order)) * n_inner // len(order)
    blocks = pd.Series(blocks).groupby(components(part, SHARED.values())).transform("min").to_numpy()
    for number in range(n_inner):
        missing = sorted(set(labels) - set(labels[blocks == number]))
        if missing:
            raise HemapipeError(f"class {missing[0]!r} has too few unrelated images for {what}")
    return blocks
