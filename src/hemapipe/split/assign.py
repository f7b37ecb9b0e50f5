"""Roles of every eligible image in every fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.split import contiguous
from hemapipe.split.eligible import select
from hemapipe.split.leaks import SHARED, count_leaks, sharing
from hemapipe.split.params import SplitParams
from hemapipe.split.units import holdout, kfold

ROLES = ("train", "val", "test", "embargo")


def split(
    manifest: pd.DataFrame, groups: pd.DataFrame, params: SplitParams, seed: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the table `image_id, fold, role, inner`, sorted by fold and image, and flat counts for `dvc metrics`.

    Under every scheme but `image`, a training or validation image that shares patient, exact pixels or group with a
    test image of its fold gets the role embargo, and so does a training image that shares one with a validation image.
    The order of the manifest does not matter. Counts of roles and leaks are sums over the folds.

    Raises:
        HemapipeError: the request is impossible with these images; the message says which class and what to change.
    """
    rows, counts = select(manifest, params.drop)
    if rows.empty:
        raise HemapipeError("no image is eligible: all are unreadable, unlabelled or dropped by split.drop")
    rows["group"] = rows["image_id"].map(groups.set_index("image_id")["group"])
    if rows["group"].isna().any():
        raise HemapipeError("groups.csv lacks images of manifest.csv: `dvc repro group`")
    folds = [
        _finish(rows, roles, params, derive_seed(seed, "split", "val", str(fold)), fold)
        for fold, roles in enumerate(_test_roles(rows, params, derive_seed(seed, "split", "test")))
    ]
    parts = [
        pd.DataFrame({"image_id": rows["image_id"], "fold": fold, "role": roles, "inner": -1})
        for fold, roles in enumerate(folds)
    ]
    leaks = _leaks(rows, folds)
    if params.scheme != "image" and any(leaks.values()):
        raise RuntimeError(f"split scheme {params.scheme} leaks: {leaks}")
    n_roles = {f"n_{role}": sum(int((roles == role).sum()) for roles in folds) for role in ROLES}
    return pd.concat(parts, ignore_index=True), {"n_folds": params.n_folds, **counts, **n_roles, **leaks}


def _leaks(rows: pd.DataFrame, folds: list[np.ndarray]) -> dict[str, int]:
    counts = [count_leaks(rows, roles) for roles in folds]
    return {name: sum(fold[name] for fold in counts) for name in SHARED}


def _test_roles(rows: pd.DataFrame, params: SplitParams, seed: int) -> list[np.ndarray]:
    """Return, per fold, the role test, train, or (between blocks of capture order) embargo of every row."""
    if params.scheme == "contiguous":
        return contiguous.test_blocks(rows, params.n_folds, params.test_frac, params.embargo, seed)
    labels, units = rows["label"].to_numpy(str), _units(rows, params.scheme)
    if params.scheme == "official":
        masks = _official(rows["official"], params.n_folds)
    elif params.n_folds > 1:
        masks = kfold(labels, units, params.n_folds, seed)
    else:
        masks = [holdout(labels, units, params.test_frac, seed, "a test set and a training set")]
    return [np.where(mask, "test", "train").astype("<U7") for mask in masks]


def _finish(rows: pd.DataFrame, roles: np.ndarray, params: SplitParams, seed: int, fold: int) -> np.ndarray:
    """Put the embargo into force, then take validation from what is left to train on."""
    honest = params.scheme != "image"
    if honest:
        roles[sharing(rows, roles == "test") & (roles == "train")] = "embargo"
    _require_classes(rows, roles, "train", fold)
    if params.val_frac > 0:
        roles[_validation(rows, roles, params, seed, fold)] = "val"
        if honest:
            roles[sharing(rows, roles == "val") & (roles == "train")] = "embargo"
        _require_classes(rows, roles, "train", fold)
        _require_classes(rows, roles, "val", fold)
    return roles


def _validation(rows: pd.DataFrame, roles: np.ndarray, params: SplitParams, seed: int, fold: int) -> np.ndarray:
    if params.scheme == "contiguous":
        return contiguous.validation_block(rows, roles, params.val_frac)
    pool = np.flatnonzero(roles == "train")
    units = _units(rows, params.scheme)
    labels = rows["label"].to_numpy(str)[pool]
    what = f"training and validation in fold {fold}: fewer folds, or split.val_frac 0"
    mask = np.zeros(len(rows), bool)
    mask[pool] = holdout(labels, None if units is None else units[pool], params.val_frac, seed, what)
    return mask


def _units(rows: pd.DataFrame, scheme: str) -> np.ndarray | None:
    """Return the unit of each row that may not be cut, or None for single images.

    Under `patient` an image of an unknown patient is a unit of its own. Under `official` the source cuts the test
    set, and validation is taken by group.
    """
    if scheme == "image":
        return None
    if scheme != "patient":
        return rows["group"].to_numpy(str)
    known = rows["patient"] != ""
    return np.where(known, "patient:" + rows["patient"], "image:" + rows["image_id"]).astype(str)


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


def _require_classes(rows: pd.DataFrame, roles: np.ndarray, role: str, fold: int) -> None:
    missing = sorted(set(rows["label"]) - set(rows["label"][roles == role]))
    if missing:
        n_embargo = int((roles == "embargo").sum())
        raise HemapipeError(
            f"fold {fold} has no {role} image of {', '.join(map(repr, missing))}; {n_embargo} images are embargoed, "
            "as they share patient, pixels or group with others: change split.n_folds, val_frac, scheme or group.by"
        )
