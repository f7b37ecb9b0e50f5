"""From the tables of a run to arrays to score: test rows with their labels, groups and calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.calibrate.apply import calibrated, probabilities, require
from hemapipe.core.tables import classes, persons
from hemapipe.evaluation.names import require_distinct

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoredRows:
    """The test rows of all folds, in the order of the prediction file; n rows, k classes."""

    class_names: list[str]
    y: npt.NDArray[np.int64]  # (n,) index of the true class
    raw: Floats  # (n, k) probabilities as the model gave them
    p: Floats  # (n, k) after each fold's temperature
    fold: npt.NDArray[np.int64]  # (n,)
    group: npt.NDArray[np.str_]  # (n,) unit of resampling
    unit: npt.NDArray[np.str_]  # (n,) the person or patient, else the group: whom a verdict is about
    patients_known: bool  # whether any unit is a person or patient


def scored_rows(
    predictions: pd.DataFrame, calibration: dict[str, Any], manifest: pd.DataFrame, groups: pd.DataFrame
) -> ScoredRows:
    """Return what is scored: rows of role test, one label each from the manifest.

    Raises:
        HemapipeError: no test rows, a sample twice in a fold, an image without a label or a group, columns that are not
            the manifest's classes, values that are no probabilities, a fold without a temperature, or classes whose
            metrics would share a name.
    """
    names = classes(manifest)
    require_distinct(names)
    rows = predictions.loc[predictions["role"] == "test"]
    label = rows["image_id"].map(manifest.set_index("image_id")["label"])
    group = rows["image_id"].map(groups.set_index("image_id")["group"])
    require(len(rows) > 0, "the predictions hold no test rows")
    require(not rows.duplicated(["fold", "sample_id"]).any(), "a sample is predicted twice in one fold")
    require(bool(label.isin(names).all()), f"no label for image {_first(rows, ~label.isin(names))}")
    require(bool(group.notna().all()), f"no group for image {_first(rows, group.isna())}")
    known = rows["image_id"].map(persons(manifest.set_index("image_id")))
    raw = probabilities(rows, names)
    fold = rows["fold"].to_numpy(np.int64)
    return ScoredRows(
        class_names=names,
        y=np.searchsorted(names, label.to_numpy(str)).astype(np.int64),
        raw=raw,
        p=calibrated(raw, fold, calibration),
        fold=fold,
        group=group.to_numpy(str),
        unit=known.where(known != "", group).to_numpy(str),
        patients_known=bool((known != "").any()),
    )


def _first(rows: pd.DataFrame, bad: pd.Series) -> str:
    return next(iter(rows.loc[bad, "image_id"]), "")
