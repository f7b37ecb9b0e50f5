"""From the tables of a run to arrays to score: test rows with their labels, groups and calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import classes

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


def scored_rows(
    predictions: pd.DataFrame, calibration: dict[str, Any], manifest: pd.DataFrame, groups: pd.DataFrame
) -> ScoredRows:
    """Return what is scored: rows of role test, one label each from the manifest.

    Raises:
        HemapipeError: no test rows, a sample twice in a fold, an image without a label or a group, columns that are not
            the manifest's classes, values that are no probabilities, or a fold without a temperature.
    """
    names = classes(manifest)
    rows = predictions.loc[predictions["role"] == "test"]
    label = rows["image_id"].map(manifest.set_index("image_id")["label"])
    group = rows["image_id"].map(groups.set_index("image_id")["group"])
    _require(len(rows) > 0, "the predictions hold no test rows")
    _require(not rows.duplicated(["fold", "sample_id"]).any(), "a sample is predicted twice in one fold")
    _require(bool(label.isin(names).all()), f"no label for image {_first(rows, ~label.isin(names))}")
    _require(bool(group.notna().all()), f"no group for image {_first(rows, group.isna())}")
    raw = _probabilities(rows, names)
    fold = rows["fold"].to_numpy(np.int64)
    return ScoredRows(
        class_names=names,
        y=np.searchsorted(names, label.to_numpy(str)).astype(np.int64),
        raw=raw,
        p=calibrated(raw, fold, calibration),
        fold=fold,
        group=group.to_numpy(str),
    )


def calibrated(p: Floats, fold: npt.NDArray[np.int64], calibration: dict[str, Any]) -> Floats:
    """Return `p` (n, k) after the temperature of each row's fold."""
    known = calibration.get("folds", {})
    missing = sorted({str(one) for one in fold} - set(known))
    _require(not missing, f"no temperature for fold {', '.join(missing)}")
    return apply_temperature(p, np.array([known[str(one)]["temperature"] for one in fold], float))


def _probabilities(rows: pd.DataFrame, names: list[str]) -> Floats:
    """Return the p_ columns in the order of `names`, each row divided by its sum (the file holds 7 digits)."""
    found = [column[2:] for column in rows.columns if column.startswith("p_")]
    _require(set(found) == set(names), f"predicted classes {sorted(found)} are not the manifest's {names}")
    p = rows[[f"p_{name}" for name in names]].to_numpy(np.float64)
    _require(bool(np.isfinite(p).all() and (p >= 0).all()), "a probability is negative or not a number")
    total = p.sum(axis=1, keepdims=True)
    _require(bool(np.allclose(total, 1, atol=1e-3)), "the probabilities of a row do not sum to 1")
    return p / total


def _first(rows: pd.DataFrame, bad: pd.Series) -> str:
    return next(iter(rows.loc[bad, "image_id"]), "")


def _require(holds: bool, complaint: str) -> None:
    if not holds:
        raise HemapipeError(f"{complaint}: `dvc repro` remakes predictions, calibration, manifest and groups together")
