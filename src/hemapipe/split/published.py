"""Read a split file, whoever wrote it, and find its images in the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from hemapipe.core.errors import HemapipeError

#: What others call the roles.
_ROLES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
    "embargo": "embargo",
}  # fmt: skip


class Matched(NamedTuple):
    """The rows that were found (`image_id, fold, role`), and the names that were not."""

    rows: pd.DataFrame
    unknown: list[str]


def read_split(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV as text, its column names in lower case.

    Raises:
        HemapipeError: no such file, it is no table, or two columns have one name.
    """
    if not path.is_file():
        raise HemapipeError(f"{path} not found: give a CSV with image_id or path, role, and (for several folds) fold")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise HemapipeError(f"{path} is no CSV in UTF-8: {str(error).strip()}") from error
    table = table.rename(columns=lambda name: name.strip().lower())
    if not table.columns.is_unique:
        twice = sorted(set(table.columns[table.columns.duplicated()]))
        raise HemapipeError(f"{path} has two columns named {', '.join(twice)} (capitals aside): keep one")
    return table


def match(table: pd.DataFrame, manifest: pd.DataFrame) -> Matched:
    """Find each row's image by `image_id` or `path`, and give roles their names here; without `fold` all is one fold.

    A path fits if it is the manifest's, or the end of it, or ends with it, with no second candidate.

    Raises:
        HemapipeError: a column is missing, a role is none we know, or not one image is found.
    """
    name = next((column for column in ("image_id", "path") if column in table), None)
    if name is None or "role" not in table:
        raise HemapipeError(
            "a split file needs the columns role and image_id or path (and fold, where there are several); "
            f"this one has {', '.join(map(str, table.columns)) or 'none'}"
        )
    roles = table["role"].str.strip().str.lower()
    strange = sorted(set(roles) - set(_ROLES))
    if strange:
        known = ", ".join(_ROLES)
        raise HemapipeError(f"a split file's roles are {known}; this one has {', '.join(map(repr, strange[:5]))}")
    names = table[name].drop_duplicates()
    found = table[name].map(_by_path(names, manifest) if name == "path" else _by_id(names, manifest))
    fold = table["fold"].astype(str).str.strip() if "fold" in table else "0"
    rows = pd.DataFrame({"image_id": found, "fold": fold, "role": roles.map(_ROLES)})
    if found.isna().all():
        shown = " and ".join(map(repr, table[name].head(2)))
        raise HemapipeError(f"no image of the split file is in the manifest: it has {name} like {shown or 'nothing'}")
    return Matched(rows[found.notna()].reset_index(drop=True), sorted(set(table.loc[found.isna(), name])))


def _by_id(image_ids: pd.Series, manifest: pd.DataFrame) -> dict[str, str]:
    return {image: image for image in image_ids[image_ids.isin(manifest["image_id"])]}


def _by_path(paths: pd.Series, manifest: pd.DataFrame) -> dict[str, str]:
    """Return path → image_id for those of `paths` that fit exactly one path of the manifest."""
    whole = dict(zip(manifest["path"], manifest["image_id"], strict=True))
    ends: dict[str, set[str]] = {}
    for path, image in whole.items():
        for end in _ends(path):
            ends.setdefault(end, set()).add(image)
    found = {}
    for path in paths:
        clean = path.strip().replace("\\", "/").removeprefix("./")
        candidates = ends.get(clean) or {whole[end] for end in _ends(clean) if end in whole}
        image = whole.get(clean) or (next(iter(candidates)) if len(candidates) == 1 else None)
        if image:
            found[path] = image
    return found


def _ends(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]
