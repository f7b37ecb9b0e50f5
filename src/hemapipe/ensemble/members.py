"""The members of an ensemble: their predictions of the same samples, side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.calibrate.apply import calibrated, probabilities, require
from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.core.tables import PREDICTIONS, classes, read_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Members:
    """What m members say of the n samples they all predicted, k classes, in the order of the first one's file."""

    names: list[str]  # of the m members
    class_names: list[str]
    rows: pd.DataFrame  # (n,) PREDICTIONS
    raw: list[Floats]  # m × (n, k) probabilities as each member gave them
    calibrated: list[Floats]  # m × (n, k) after each fold's temperature
    target: Ints  # (n,) class of validation rows, -1 for every other role
    group: npt.NDArray[np.str_]  # (n,)
    n_left_out: int  # test rows of the first member that another member did not predict


def load_members(name: str, of: list[str], data_dir: Path, manifest: pd.DataFrame, groups: pd.DataFrame) -> Members:
    """Read `predictions/<member>.csv` and `calibration/<member>.json` of `data_dir` for the ensemble `name`.

    Members need not have predicted the same samples (classical models may have no features of variants): those that all
    of them did are kept.

    Raises:
        HemapipeError: a member is the ensemble itself or unknown, members share no test rows, or an image has no group.
    """
    read = [_predictions(name, member, data_dir) for member in of]
    keys = ["fold", "sample_id", "role"]
    shared = read[0][keys]
    for table in read[1:]:
        shared = shared.merge(table[keys], on=keys)
    tables = [shared.merge(table, on=keys, validate="one_to_one") for table in read]
    rows = tables[0][PREDICTIONS]
    tested = int((rows["role"] == "test").sum())
    if not tested:
        raise HemapipeError(f"{', '.join(of)} share no test rows: `dvc repro` remakes their predictions on one split")
    names = classes(manifest)
    fold = rows["fold"].to_numpy(np.int64)
    raw = [probabilities(table, names) for table in tables]
    fitted = [_calibration(member, data_dir) for member in of]
    group = rows["image_id"].map(groups.set_index("image_id")["group"])
    require(bool(group.notna().all()), f"no group for image {next(iter(rows.loc[group.isna(), 'image_id']), '')}")
    return Members(
        names=of,
        class_names=names,
        rows=rows,
        raw=raw,
        calibrated=[calibrated(p, fold, known) for p, known in zip(raw, fitted, strict=True)],
        target=_targets(rows, manifest, names),
        group=group.to_numpy(str),
        n_left_out=int((read[0]["role"] == "test").sum()) - tested,
    )


def _predictions(name: str, member: str, data_dir: Path) -> pd.DataFrame:
    folder = data_dir / "predictions"
    if member == name:
        raise HemapipeError(f"the ensemble {name!r} names itself as a member: name three other models")
    if not (folder / f"{member}.csv").exists():
        known = [file.stem for file in folder.glob("*.csv") if file.stem != name]
        raise HemapipeError(f"the ensemble {name!r} names an unknown member {member!r}{did_you_mean(member, known)}")
    return read_table(folder / f"{member}.csv", PREDICTIONS)


def _calibration(member: str, data_dir: Path) -> dict[str, Any]:
    path = data_dir / "calibration" / f"{member}.json"
    if not path.exists():
        raise HemapipeError(f"{path} not found: `dvc repro` makes it")
    return json.loads(path.read_text("utf-8"))


def _targets(rows: pd.DataFrame, manifest: pd.DataFrame, names: list[str]) -> Ints:
    """Return the class of validation rows alone, so that nothing after this holds a test label."""
    index_of = {name: index for index, name in enumerate(names)}
    label = rows["image_id"].map(manifest.set_index("image_id")["label"]).map(index_of)
    return np.asarray(label.where(rows["role"] == "val", -1), np.int64)
