"""Blocks of consecutive images per class, where capture order is the only stand-in for a patient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError


def capture_order(rows: pd.DataFrame) -> list[np.ndarray]:
    """Return, for each class, the positions of its rows in the order of `sequence`.

    Raises:
        HemapipeError: an image has no sequence number.
    """
    number = pd.to_numeric(rows["sequence"], errors="coerce")
    if number.isna().any():
        raise HemapipeError(
            f"split.scheme contiguous needs the capture order, but {int(number.isna().sum())} of {len(rows)} eligible "
            "images have no `sequence` in the manifest: choose another scheme"
        )
    ordered = rows.assign(number=number, position=np.arange(len(rows))).sort_values(["label", "number", "image_id"])
    return [part["position"].to_numpy() for _, part in ordered.groupby("label")]


def test_blocks(rows: pd.DataFrame, n_folds: int, test_frac: float, embargo: int, seed: int) -> list[np.ndarray]:
    """Return the roles train, test, embargo of every row, per fold.

    With several folds, block i of each class is tested in fold i; with one, a block of `test_frac` of each class
    that begins at random. `embargo` images of the class on either side of a block are left out.

    Raises:
        HemapipeError: a class has fewer images than blocks.
    """
    random = np.random.default_rng(seed)
    folds = [np.full(len(rows), "train", dtype="<U7") for _ in range(n_folds)]
    for order in capture_order(rows):
        for roles, (start, stop) in zip(folds, _bounds(len(order), n_folds, test_frac, random), strict=True):
            if stop == start or stop - start == len(order):
                label = rows["label"].iloc[order[0]]
                raise HemapipeError(f"class {label!r} has {len(order)} images, too few for {n_folds} test blocks")
            roles[order[max(0, start - embargo) : stop + embargo]] = "embargo"
            roles[order[start:stop]] = "test"
    return folds


def take_validation(rows: pd.DataFrame, roles: np.ndarray, val_frac: float, embargo: int) -> np.ndarray:
    """Return `roles` with the `val_frac` of each class's training rows behind its test block (round the end) as val.

    The `embargo` training rows after them are left out, as beside a test block: a model is chosen by these images.
    """
    roles = roles.copy()
    for order in capture_order(rows):
        after = np.flatnonzero(roles[order] == "test").max() + 1
        order = np.roll(order, -after)
        pool = order[roles[order] == "train"]
        n_val = round(val_frac * len(pool))
        roles[pool[n_val : n_val + embargo]] = "embargo"
        roles[pool[:n_val]] = "val"
    return roles


def _bounds(n: int, n_folds: int, test_frac: float, random: np.random.Generator) -> list[tuple[int, int]]:
    if n_folds > 1:
        edges = np.linspace(0, n, n_folds + 1).round().astype(int).tolist()
        return list(pairwise(edges))
    size = round(test_frac * n)
    start = int(random.integers(0, n - size + 1))
    return [(start, start + size)]
