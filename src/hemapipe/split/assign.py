"""Roles of every eligible image in every fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.split import contiguous
from hemapipe.split.eligible import select
from hemapipe.split.inner import inner_folds
from hemapipe.split.leaks import SHARED, count_leaks, sharing, tied
from hemapipe.split.params import SplitParams
from hemapipe.split.schemes import test_roles, units_of
from hemapipe.split.units import holdout

ROLES = ("train", "val", "test", "embargo")


def split(
    manifest: pd.DataFrame, groups: pd.DataFrame, params: SplitParams, seed: int, ties: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the table `tables.SPLITS`, sorted by fold and image, and flat counts for `dvc metrics`.

    Under every scheme but `image`, a training or validation image that shares patient, exact pixels, field (a near
    repeat, known from `ties`) or group with a test image of its fold gets the role embargo, and so does a training
    image that shares one with a validation image. The order of the manifest does not matter. Counts of roles and
    leaks are sums over the folds.

    Raises:
        HemapipeError: the request is impossible with these images; the message says which class and what to change.
    """
    rows, counts = select(manifest, params.drop)
    if rows.empty:
        raise HemapipeError("no image is eligible: all are unreadable, unlabelled or dropped by split.drop")
    rows = tied(rows, groups, ties)
    folds = [
        _finish(rows, roles, params, derive_seed(seed, "split", "val", str(fold)), fold)
        for fold, roles in enumerate(test_roles(rows, params, derive_seed(seed, "split", "test")))
    ]
    leaks = _leaks(rows, folds)
    if params.scheme != "image" and any(leaks.values()):
        raise RuntimeError(f"split scheme {params.scheme} leaks: {leaks}")
    n_roles = {f"n_{role}": sum(int((roles == role).sum()) for roles in folds) for role in ROLES}
    return _table(rows, folds, params, seed), {"n_folds": len(folds), **counts, **n_roles, **leaks}


def _table(rows: pd.DataFrame, folds: list[np.ndarray], params: SplitParams, seed: int) -> pd.DataFrame:
    parts = []
    for fold, roles in enumerate(folds):
        inner = inner_folds(rows, roles, params, derive_seed(seed, "split", "inner", str(fold)), fold)
        parts.append(pd.DataFrame({"image_id": rows["image_id"], "fold": fold, "role": roles, "inner": inner}))
    return pd.concat(parts, ignore_index=True)


def _leaks(rows: pd.DataFrame, folds: list[np.ndarray]) -> dict[str, int]:
    counts = [count_leaks(rows, roles) for roles in folds]
    return {name: sum(fold[name] for fold in counts) for name in SHARED}


def _finish(rows: pd.DataFrame, roles: np.ndarray, params: SplitParams, seed: int, fold: int) -> np.ndarray:
    """Put the embargo into force, then take validation from what is left to train on."""
    honest = params.scheme != "image"
    if honest:
        roles[sharing(rows, roles == "test") & (roles == "train")] = "embargo"
    _require_classes(rows, roles, "train", params, fold)
    if params.val_frac > 0:
        if params.scheme == "contiguous":
            roles = contiguous.take_validation(rows, roles, params.val_frac, params.embargo)
        else:
            roles[_validation(rows, roles, params, seed, fold)] = "val"
        if honest:
            roles[sharing(rows, roles == "val") & (roles == "train")] = "embargo"
        _require_classes(rows, roles, "train", params, fold)
        _require_classes(rows, roles, "val", params, fold)
    return roles


def _validation(rows: pd.DataFrame, roles: np.ndarray, params: SplitParams, seed: int, fold: int) -> np.ndarray:
    pool = np.flatnonzero(roles == "train")
    units = units_of(rows, params.scheme)
    labels = rows["label"].to_numpy(str)[pool]
    what = f"training and validation in fold {fold}: fewer folds, or split.val_frac 0"
    mask = np.zeros(len(rows), bool)
    mask[pool] = holdout(labels, None if units is None else units[pool], params.val_frac, seed, what)
    return mask


def _require_classes(rows: pd.DataFrame, roles: np.ndarray, role: str, params: SplitParams, fold: int) -> None:
    missing = sorted(set(rows["label"]) - set(rows["label"][roles == role]))
    if missing:
        n_embargo = int((roles == "embargo").sum())
        beside = f"lie within {params.embargo} of a block or " if params.scheme == "contiguous" else ""
        keys = "split.embargo, n_folds" if beside else "split.n_folds"
        raise HemapipeError(
            f"fold {fold} has no {role} image of {', '.join(map(repr, missing))}; {n_embargo} images are embargoed, "
            f"as they {beside}share patient, pixels, field or group with others: change {keys}, val_frac, scheme or "
            "group.by"
        )
