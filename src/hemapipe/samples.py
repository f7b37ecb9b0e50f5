"""The sample table as training sees it: the plan of augment.csv joined with packed rows and permitted labels."""

from __future__ import annotations

import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import OPS, classes, packed_rows

#: Roles whose labels training may know. Every other role gets the target -1.
LABELLED_ROLES = ("train", "val")


def load_samples(manifest: pd.DataFrame, augment: pd.DataFrame) -> pd.DataFrame:
    """Return augment.csv, in its order, with two more columns.

    `row` is the image's row in the packed arrays; `target` the index of its class in `classes(manifest)` for the roles
    train and val, and -1 for every other role, so that no training code ever holds a test label.

    Raises:
        HemapipeError: the plan names an image that the manifest cannot decode, or trains on one without a label.
    """
    rows = augment["image_id"].map(packed_rows(manifest))
    if rows.isna().any():
        unknown = augment.loc[rows.isna(), "image_id"].iloc[0]
        raise HemapipeError(
            f"augment.csv names image {unknown!r}, which manifest.csv lacks or cannot decode: repro both"
        )
    samples = augment[["sample_id", "image_id", "variant", *OPS, "fold", "role", "inner"]].copy()
    samples["row"] = rows.astype("int64")
    samples["target"] = _targets(manifest, augment)
    return samples


def _targets(manifest: pd.DataFrame, augment: pd.DataFrame) -> pd.Series:
    index_of = {name: index for index, name in enumerate(classes(manifest))}
    labels = manifest.set_index("image_id")["label"].map(index_of)
    targets = augment["image_id"].map(labels)
    known = augment["role"].isin(LABELLED_ROLES)
    missing = known & targets.isna()
    if missing.any():
        raise HemapipeError(f"image {augment.loc[missing, 'image_id'].iloc[0]!r} is to be trained on but has no label")
    return targets.where(known, -1).astype("int64")
