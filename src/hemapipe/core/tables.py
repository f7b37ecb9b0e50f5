"""The tables that pass between stages: their columns, and one way to read and write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from hemapipe.core.errors import HemapipeError

#: A row per file of the archive. `status` is ok, truncated or unreadable; `note` says why, or what was normalised.
#: `person`: one name where the source knows that several patient numbers are one person; `cohort`: the hospital, site
#: or campaign an image comes from. Both '' where unknown.
MANIFEST = [
    "image_id",
    "path",
    "label",
    "patient",
    "person",
    "cohort",
    "sequence",
    "official",
    "width",
    "height",
    "sha256",
    "phash",
    "status",
    "duplicate_of",
    "conflict",
    "note",
]
#: What ties images together beside patients and equal pixels: a row per decodable manifest row, in its order.
#: `near_repeat` is the smallest image_id of the cluster of near repeats, `session` a name; '' for none.
TIES = ["image_id", "near_repeat", "session"]
#: The evidence for each pair of near repeats; `transform` carries `other_id` onto `image_id`.
NEAR_REPEATS = ["image_id", "other_id", "similarity", "overlap", "transform"]
#: The unit a split may not cut.
GROUPS = ["image_id", "group"]
#: One row per image and fold; roles are train, val, test, embargo. `inner` is the inner fold of train and val rows,
#: from which settings may be chosen without touching the test rows; -1 where there is none.
SPLITS = ["image_id", "fold", "role", "inner"]
#: The transform of a variant; variant 0 is the original and has the neutral values.
OPS = ["flip", "turns", "angle", "zoom", "crop", "crop_x", "crop_y"]
#: The final sample table: a plan without pixels.
AUGMENT = ["sample_id", "image_id", "variant", *OPS, "fold", "role", "inner"]
#: Followed by one column `p_<class>` per class, in the order of `classes()`.
PREDICTIONS = ["sample_id", "image_id", "fold", "role"]

_TYPES = {
    "fold": "int64", "inner": "int64", "variant": "int64", "flip": "int64", "turns": "int64",
    "angle": "float64", "zoom": "float64", "crop": "float64", "crop_x": "float64", "crop_y": "float64",
    "width": "int64", "height": "int64", "conflict": "bool",
    "similarity": "float64", "overlap": "float64",
}  # fmt: skip


def read_table(path: Path | str, columns: list[str]) -> pd.DataFrame:
    """Read a CSV that must have `columns`; text stays text ('' for empty), further columns are numbers.

    Raises:
        HemapipeError: the file or one of the columns is missing.
    """
    path = Path(path)
    if not path.exists():
        raise HemapipeError(f"{path} not found: `dvc repro` makes it")
    with path.open(encoding="utf-8") as handle:
        header = handle.readline().strip().split(",")
    missing = [name for name in columns if name not in header]
    if missing:
        raise HemapipeError(f"{path} lacks the columns {', '.join(missing)}")
    types = {name: _TYPES.get(name, "str" if name in columns else "float64") for name in header}
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values={})


def write_table(table: pd.DataFrame, path: Path | str) -> None:
    """Write a CSV whose bytes depend on the content alone (7 significant digits, Unix line ends)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.7g")


def write_json(values: dict[str, Any], path: Path | str) -> None:
    """Write JSON for people and for `dvc metrics`: sorted, indented, finite.

    Raises:
        ValueError: a value is NaN or infinite, which JSON cannot hold.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")


def classes(manifest: pd.DataFrame) -> list[str]:
    """Return the class names of a manifest, sorted; their order is the order of every probability column."""
    return sorted(set(manifest["label"]) - {""})


def persons(manifest: pd.DataFrame) -> pd.Series:
    """Return whom each row shows: the person where several patient numbers are known to be one, else the patient."""
    return manifest["person"].where(manifest["person"] != "", manifest["patient"])


def packed_rows(manifest: pd.DataFrame) -> pd.Series:
    """Return image_id → row of the packed arrays, which hold every decodable manifest row in order."""
    decodable = manifest.loc[manifest["status"] != "unreadable", "image_id"]
    return pd.Series(range(len(decodable)), index=decodable.to_numpy())
