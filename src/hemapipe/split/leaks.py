"""What test images share with training or validation images of the same fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import persons
from hemapipe.group.components import build_groups, with_ties

#: Metric → the column whose equal values ('' aside) make two images siblings. A subject is a patient, or all patient
#: numbers that the source knows to be one person.
SHARED = {
    "leak_patients": "subject",
    "leak_repeats": "sha256",
    "leak_near_repeats": "near_repeat",
    "leak_groups": "group",
}


def tied(rows: pd.DataFrame, groups: pd.DataFrame, ties: pd.DataFrame | None) -> pd.DataFrame:
    """Return manifest rows with the columns of `SHARED`; without `ties` no near repeats are known.

    Raises:
        HemapipeError: `groups` or `ties` lacks an image of `rows`.
    """
    group = rows["image_id"].map(groups.set_index("image_id")["group"])
    if group.isna().any():
        raise HemapipeError("groups.csv lacks images of manifest.csv: `dvc repro group`")
    bodies = build_groups(rows, ["patient"]).set_index("image_id")["group"]
    named = persons(rows) != ""
    return with_ties(rows, ties).assign(group=group, subject=rows["image_id"].map(bodies).where(named, ""))


def sharing(rows: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    """Return the mask of the rows that share any column of `SHARED` with a chosen row (itself included)."""
    return np.logical_or.reduce([shares(rows[column], chosen) for column in SHARED.values()])


def count_leaks(rows: pd.DataFrame, roles: np.ndarray) -> dict[str, int]:
    """Count the test rows of one fold that share each kind of tie with a training or validation row."""
    seen = np.isin(roles, ["train", "val"])
    test = roles == "test"
    return {name: int((shares(rows[column], seen) & test).sum()) for name, column in SHARED.items()}


def shares(values: pd.Series, chosen: np.ndarray) -> np.ndarray:
    """Return the mask of the `values`, '' aside, that a chosen row has too."""
    return (values.isin(set(values[chosen])) & (values != "")).to_numpy()
