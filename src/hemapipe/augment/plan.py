"""The final sample table: which variants of which images exist in each fold, and in which role. No pixels."""

from __future__ import annotations

import pandas as pd

from hemapipe.augment.draw import draw
from hemapipe.augment.params import AugmentParams
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.core.tables import AUGMENT


def plan(splits: pd.DataFrame, labels: pd.Series, params: AugmentParams, seed: int) -> pd.DataFrame:
    """Return the sample table (columns `tables.AUGMENT`), sorted by fold, image and variant.

    Every image of `splits` is there as variant 0 in every fold; training classes are filled up with variants to
    `params.to`. `labels` maps image_id to class. Of one image, variant k is the same in every fold.

    Raises:
        HemapipeError: a training class already has more images than `params.to`.
    """
    folds = []
    for _, rows in splits.sort_values(["fold", "image_id"]).groupby("fold"):
        train = rows.loc[rows["role"] == "train", "image_id"]
        folds.append(repeat(rows, count_variants(train, labels, params.to, seed)))
    return with_ops(pd.concat(folds, ignore_index=True), params, seed)


def count_variants(image_ids: pd.Series, labels: pd.Series, to: str | int, seed: int) -> pd.Series:
    """Return image_id → number of variants that bring every class to `to`; within a class they differ by 1 at most.

    Raises:
        HemapipeError: a class already has more images than `to`.
    """
    classes = image_ids.map(labels)
    wanted = to if isinstance(to, int) else int(classes.value_counts().max()) if to == "largest" else 0
    counts: dict[str, int] = {}
    for name, members in image_ids.groupby(classes):
        if isinstance(to, int) and len(members) > to:
            raise HemapipeError(
                f"augment.to is {to}, but class {name!r} already has {len(members)} images: "
                "give at least that number, or `largest`"
            )
        # The order of dealing is each image's own, so that it does not depend on who else is there.
        dealt = sorted(members, key=lambda image: (derive_seed(seed, "augment", "order", image), image))
        each, more = divmod(max(0, wanted - len(dealt)), len(dealt))
        counts |= {image: each + (place < more) for place, image in enumerate(dealt)}
    return pd.Series(counts, dtype="int64")


def repeat(rows: pd.DataFrame, n_variants: pd.Series) -> pd.DataFrame:
    """Return `rows` (one per image), each followed by its variants, numbered from 0 in the column `variant`."""
    times = 1 + rows["image_id"].map(n_variants).fillna(0).astype("int64")
    repeated = rows.loc[rows.index.repeat(times)].reset_index(drop=True)
    return repeated.assign(variant=repeated.groupby("image_id").cumcount())


def with_ops(table: pd.DataFrame, params: AugmentParams, seed: int) -> pd.DataFrame:
    """Return the rows of `repeat` with names of the samples and their ops: columns `tables.AUGMENT`."""
    drawn = table[["image_id", "variant"]].drop_duplicates().reset_index(drop=True)
    ops = [
        draw(image, variant, params, seed) for image, variant in zip(drawn["image_id"], drawn["variant"], strict=True)
    ]
    table = table.merge(pd.concat([drawn, pd.DataFrame(ops)], axis=1), on=["image_id", "variant"], how="left")
    table["sample_id"] = table["image_id"] + "-" + table["variant"].astype(str)
    return table[AUGMENT]


def summarise(table: pd.DataFrame, labels: pd.Series) -> dict[str, int]:
    """Return flat counts, sums over the folds.

    `before_<class>` and `after_<class>` count training originals and training samples. `leak_siblings` counts the
    test samples whose image also has a training or validation sample in the same fold.
    """
    classes = table["image_id"].map(labels)
    train, original = table["role"] == "train", table["variant"] == 0
    counts = {"n_samples": len(table), "n_variants": int((~original).sum()), "leak_siblings": _siblings(table)}
    for name in sorted(classes.unique()):
        counts[f"before_{name}"] = int((train & original & (classes == name)).sum())
        counts[f"after_{name}"] = int((train & (classes == name)).sum())
    return counts


def _siblings(table: pd.DataFrame) -> int:
    key = table["fold"].astype(str) + "/" + table["image_id"]
    seen = set(key[table["role"].isin(["train", "val"])])
    return int(((table["role"] == "test") & key.isin(seen)).sum())
