"""The two arms of the comparison: an honest split, and a split by image of exactly the same sizes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.core.tables import AUGMENT, OPS
from hemapipe.leakage.facts import ARMS
from hemapipe.samples import load_samples
from hemapipe.split.eligible import select
from hemapipe.split.honest import honest_split
from hemapipe.split.leaks import count_leaks, tied
from hemapipe.split.params import SplitParams

#: These fix the number of folds, and mix the price of leaking with that of another hospital; groups do neither.
_BY_GROUP = ("official", "cohort")
_NEUTRAL = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.5, "crop_y": 0.5}


class Arms(NamedTuple):
    """Both splits of the same images.

    `tables`: arm → `image_id, fold, role` with roles train, test, embargo. `siblings`: how many test images of the arm
    by image share patient, pixels, field or group with a training image of their fold. `reason`: why there is no
    honest split, in which case `tables` is empty.
    """

    scheme: str
    n_folds: int
    tables: dict[str, pd.DataFrame]
    siblings: int
    reason: str


def draw(
    manifest: pd.DataFrame, groups: pd.DataFrame, ties: pd.DataFrame | None, params: SplitParams, seed: int
) -> Arms:
    """Return both arms: the honest split of `honest_split`, and its copy in which images have changed places.

    Raises:
        HemapipeError: `groups` or `ties` lacks an image.
    """
    rows = tied(select(manifest, params.drop)[0], groups, ties)
    if params.scheme in _BY_GROUP:
        params = params.model_copy(update={"scheme": "group"})
    try:
        made, table = honest_split(manifest, groups, params, seed, ties)
    except HemapipeError as error:  # too few units: what else could be wrong was found by `tied`
        return Arms("none", 0, {}, 0, str(error))
    table = table[["image_id", "fold", "role"]]
    by_image = change_places(table, rows.set_index("image_id")["label"], derive_seed(seed, "price_leakage"))
    return Arms(made.scheme, made.n_folds, {"image": by_image, "honest": table}, _siblings(rows, by_image), "")


def change_places(table: pd.DataFrame, labels: pd.Series, seed: int) -> pd.DataFrame:
    """Return a split by image as large as `table`: within each class, images change places at random.

    Each image takes the roles that another one of its class has in all folds. So every fold and class has exactly as
    many training and test images as before, every image is tested as often as before, and nothing has to be cut.
    `labels`: image_id → class.
    """
    random = np.random.default_rng(seed)
    images = pd.Series(sorted(table["image_id"].unique()))
    partner: dict[str, str] = {}
    for _, members in images.groupby(labels.loc[images].to_numpy()):
        partner |= dict(zip(members, random.permutation(members.to_numpy()), strict=True))
    moved = table.assign(image_id=table["image_id"].map(partner))
    return moved.sort_values(["fold", "image_id"], ignore_index=True)


def samples_of(arms: Arms, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `samples.load_samples` for both arms, originals only, and the column `arm`."""
    tables = pd.concat([arms.tables[arm].assign(arm=arm) for arm in ARMS], ignore_index=True)
    plan = tables.assign(sample_id=tables["image_id"] + "-0", variant=0, inner=-1, **{op: _NEUTRAL[op] for op in OPS})
    return load_samples(manifest, plan[AUGMENT]).assign(arm=tables["arm"])


def _siblings(rows: pd.DataFrame, table: pd.DataFrame) -> int:
    """Count the test images of all folds with a sibling of any kind in training."""
    wide = table.pivot(index="image_id", columns="fold", values="role").loc[rows["image_id"]]
    return sum(max(count_leaks(rows, wide[fold].to_numpy(str)).values()) for fold in wide.columns)
