"""Who is tested in which fold, scheme by scheme."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.split import contiguous
from hemapipe.split.params import SplitParams
from hemapipe.split.units import holdout, kfold


def test_roles(rows: pd.DataFrame, params: SplitParams, seed: int) -> list[np.ndarray]:
    """Return, per fold, the role test, train, or (between blocks of capture order) embargo of every row.

    `rows` are those of `leaks.tied`.

    Raises:
        HemapipeError: the scheme does not go with these images or with `n_folds`.
    """
    if params.scheme == "contiguous":
        return contiguous.test_blocks(rows, params.n_folds, params.test_frac, params.embargo, seed)
    labels, units = rows["label"].to_numpy(str), units_of(rows, params.scheme)
    if params.scheme == "official":
        masks = _official(rows["official"], params.n_folds)
    elif params.scheme == "cohort":
        masks = _cohorts(rows["cohort"], params.n_folds)
    elif params.n_folds > 1:
        masks = kfold(labels, units, params.n_folds, seed)
    else:
        masks = [holdout(labels, units, params.test_frac, seed, "a test set and a training set")]
    return [np.where(mask, "test", "train").astype("<U7") for mask in masks]


def units_of(rows: pd.DataFrame, scheme: str) -> np.ndarray | None:
    """Return the unit of each row that may not be cut, or None for single images.

    Under `patient` an image of an unknown patient is a unit of its own. Under `official` and `cohort` the source cuts
    the test set, and validation is taken by group.
    """
    if scheme == "image":
        return None
    if scheme != "patient":
        return rows["group"].to_numpy(str)
    return np.where(rows["subject"] != "", "patient:" + rows["subject"], "image:" + rows["image_id"]).astype(str)


def _official(official: pd.Series, n_folds: int) -> list[np.ndarray]:
    """Return the test masks the source itself defines: `test` for one fold, else each value in turn."""
    values = sorted(set(official))
    if values == [""]:
        raise HemapipeError("split.scheme official: this source defines no folds of its own; choose another scheme")
    if n_folds == 1:
        if "test" not in values:
            raise HemapipeError(f"split.scheme official with one fold needs images marked 'test'; there are {values}")
        return [(official == "test").to_numpy()]
    if "" in values:
        raise HemapipeError(f"split.scheme official: {int((official == '').sum())} images belong to no official fold")
    if len(values) != n_folds:
        raise HemapipeError(f"split.scheme official: split.n_folds is {n_folds}, but the source has {values}")
    return [(official == value).to_numpy() for value in values]


def _cohorts(cohort: pd.Series, n_folds: int) -> list[np.ndarray]:
    """Return one test mask per cohort, in the order of their names: leave one cohort out."""
    values = sorted(set(cohort) - {""})
    if len(values) < 2:
        found = f"only {values[0]!r} is known" if values else "none is known"
        raise HemapipeError(f"split.scheme cohort needs two cohorts or more, but {found}: choose another scheme")
    unknown = int((cohort == "").sum())
    if unknown:
        raise HemapipeError(f"split.scheme cohort: {unknown} eligible images belong to no cohort; name theirs")
    if len(values) != n_folds:
        raise HemapipeError(
            f"split.scheme cohort tests each of the {len(values)} cohorts ({', '.join(values[:10])}) once: "
            f"set split.n_folds to {len(values)} (it is {n_folds})"
        )
    return [(cohort == value).to_numpy() for value in values]
