"""Small manifests to split, and how tests split them."""

import pandas as pd

from hemapipe.core.params import check
from hemapipe.core.tables import TIES
from hemapipe.group.components import build_groups
from hemapipe.split.assign import split
from hemapipe.split.params import SplitParams

DEFAULT = {"scheme": "group", "n_folds": 3, "test_frac": 0.2, "val_frac": 0.2, "embargo": 0, "drop": []}


def params(**changes) -> SplitParams:
    return check(SplitParams, {**DEFAULT, **changes}, "split")


def manifest_of(labels, patients=None, **columns) -> pd.DataFrame:
    n = len(labels)
    table = {
        "image_id": [f"i{number:04}" for number in range(n)],
        "label": list(labels),
        "patient": [""] * n if patients is None else list(patients),
        "sequence": [str(number) for number in range(n)],
        "person": [""] * n,
        "cohort": [""] * n,
        "official": [""] * n,
        "sha256": [f"h{number}" for number in range(n)],
        "status": ["ok"] * n,
        "duplicate_of": [""] * n,
        "conflict": [False] * n,
    }
    return pd.DataFrame({**table, **columns})


def ties_of(manifest, near_repeat="", session="") -> pd.DataFrame:
    return manifest[["image_id"]].assign(near_repeat=near_repeat, session=session)[TIES]


def run(manifest, by=("patient", "repeat"), seed=1, ties=None, **changes):
    return split(manifest, build_groups(manifest, by, ties), params(**changes), seed, ties)


def cohort(n_patients=24, per_patient=8, n_classes=3) -> pd.DataFrame:
    """Patients of one class each, of different sizes, and one exact repeat between two patients."""
    labels, patients = [], []
    for patient in range(n_patients):
        n = per_patient + patient % 4
        labels += [f"c{patient % n_classes}"] * n
        patients += [f"p{patient:02}"] * n
    table = manifest_of(labels, patients)
    twins = table["patient"].isin(["p03", "p06"]) & ~table.duplicated("patient")
    table.loc[twins, "sha256"] = "same"
    return table


def crossing(table, values) -> int:
    """How many values are in more than one of train, val and test of a fold."""
    live = table[table["role"] != "embargo"].assign(value=table["image_id"].map(values))
    return int((live[live["value"] != ""].groupby(["fold", "value"])["role"].nunique() > 1).sum())
