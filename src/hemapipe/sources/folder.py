"""Your own images: a zip or a folder whose paths hold the labels, or a CSV that lists them."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
from pydantic import Field, field_validator

from hemapipe import archive as archives
from hemapipe.core.errors import HemapipeError
from hemapipe.sources import base

NAME = "folder"
TITLE = "Your own images"
LICENCE = "yours"
HOMEPAGE = ""
CITATION = ""
EXPECTED = None
#: Where the CSV lies inside the archive that is made from it.
LIST = "hemapipe_list.csv"

_FIELDS = ["label", "patient", "sequence", "official", "cohort"]
#: What a list may say of each file.
_LISTED = ["path", *_FIELDS, "person"]


class Params(base.ArchiveParams):
    """`download.folder`; `pattern` says where a path holds its label and, if any, its patient."""

    pattern: str = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _known_fields(cls, pattern: str) -> str:
        used = re.findall(r"\{(.*?)\}", pattern)
        wrong = sorted(set(used) - {*_FIELDS, "name"})
        if wrong or "label" not in used or len(used) != len(set(used)):
            known = ", ".join(f"{{{name}}}" for name in sorted([*_FIELDS, "name"]))
            raise ValueError(f"a pattern needs {{label}} and knows {known}, each at most once")
        return pattern


def fetch(params: Params, seed: int, n_jobs: int, data_dir: Path | None, out: Path) -> None:
    """Write the archive to `out`: a zip as it is, a folder packed, or the files that a CSV lists."""
    copy = _pack_list if params.archive.lower().endswith(".csv") else None
    base.fetch(params, data_dir, out, HOMEPAGE, copy=copy)


def describe(names: list[str], archive: zipfile.ZipFile, params: Params) -> pd.DataFrame:
    """Return `base.COLUMNS`, cohort and a note by the pattern, or what the CSV says; without a match there is no label.

    Raises:
        HemapipeError: the pattern matches nothing, or a class has a folder but no image.
    """
    if params.archive.lower().endswith(".csv"):
        return _from_list(names, archive)
    table, empty = read_paths(names, archive, params.pattern)
    if empty:
        raise HemapipeError(f"class without images: {', '.join(empty)} has a folder but no file in it")
    return table


def read_paths(names: list[str], archive: zipfile.ZipFile, pattern: str) -> tuple[pd.DataFrame, list[str]]:
    """Return what the pattern tells of each path, and the classes that have a folder but no image.

    Raises:
        HemapipeError: the pattern matches nothing.
    """
    matches = match_pattern(pattern, [*names, *_empty_folders(archive)])
    rows = [
        (name, *_fields(matches.get(name)), "" if name in matches else "path does not match the pattern")
        for name in names
    ]
    table = pd.DataFrame(rows, columns=["path", *_FIELDS, "note"])
    if names and not set(names) & set(matches):
        shown = " or ".join(repr(name) for name in names[:2])
        raise HemapipeError(f"the pattern {pattern!r} matches no path such as {shown}")
    return table, sorted({_fields(found)[0] for found in matches.values()} - set(table["label"]))


def read_list(path: Path, wanted: str) -> pd.DataFrame:
    """Return a CSV as text; `wanted` says what it should hold.

    Raises:
        HemapipeError: the file is no CSV in UTF-8 (empty, another encoding, an open quote), or has no row.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise HemapipeError(f"{path} is no CSV in UTF-8 with {wanted}: {str(error).strip()}") from error
    if table.empty:
        raise HemapipeError(f"{path} lists no file: below {wanted} there is no row")
    return table


def match_pattern(pattern: str, names: list[str]) -> dict[str, dict[str, str]]:
    """Return name → fields of the paths that match, by the reading of the pattern that matches most.

    Tried are the paths as they are, without their common leading folders, and the pattern without its leading
    folders: `images/{label}/{name}` fits `images/a/1.png`, `export/images/a/1.png` and `a/1.png`. Unicode is
    compared in its composed form (macOS stores the decomposed one).
    """
    readings = [(pattern, names)]
    common = _common_folders(names)
    readings += [(pattern, [name.split("/", depth)[-1] for name in names]) for depth in range(1, common + 1)]
    leading = pattern.split("{", 1)[0].count("/")
    readings += [(pattern.split("/", depth)[-1], names) for depth in range(1, leading + 1)]
    found = [_match(candidate, names, paths) for candidate, paths in readings]
    return max(found, key=len)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern such as `images/{patient}/{label}/{name}`; a field is no `/`."""
    parts = re.split(r"(\{\w+\})", unicodedata.normalize("NFC", pattern))
    return re.compile(
        "".join(f"(?P<{part[1:-1]}>[^/]+?)" if part.startswith("{") else re.escape(part) for part in parts)
    )


def _match(pattern: str, names: list[str], paths: list[str]) -> dict[str, dict[str, str]]:
    regex = compile_pattern(pattern)
    matches = (
        (name, regex.fullmatch(unicodedata.normalize("NFC", path))) for name, path in zip(names, paths, strict=True)
    )
    return {name: match.groupdict() for name, match in matches if match}


def _common_folders(names: list[str]) -> int:
    """Count the leading folders that all names share."""
    columns = zip(*(name.split("/")[:-1] for name in names), strict=False)
    shared = [len(set(column)) == 1 for column in columns]
    return ([*shared, False]).index(False)


def _fields(match: dict[str, str] | None) -> tuple[str, ...]:
    return tuple((match or {}).get(name, "") for name in _FIELDS)


def _empty_folders(archive: zipfile.ZipFile) -> list[str]:
    """Return a made-up file name in each folder entry, so that the pattern can read the folder's label."""
    return [
        f"{name}x"
        for name in archive.namelist()
        if name.endswith("/") and "__MACOSX" not in name and "/." not in f"/{name}"
    ]


def _pack_list(path: Path, out: Path) -> None:
    """Pack the files that a CSV lists (paths relative to it) together with the list."""
    table = read_list(path, "the columns path and label")
    missing = {"path", "label"} - set(table)
    if missing:
        raise HemapipeError(f"{path.name}: a list of images needs the columns path and label (and may have patient)")
    repeated = sorted(table.loc[table["path"].duplicated(), "path"])
    if repeated:
        raise HemapipeError(f"{path.name} lists {len(repeated)} files twice: {', '.join(repeated[:3])}")
    files = {name: path.parent / name for name in table["path"]}
    bad = [name for name, file in files.items() if archives.unsafe_path(name) or not file.is_file()]
    if bad:
        raise HemapipeError(
            f"{path.name} lists {len(bad)} files that are missing or outside its folder: {', '.join(sorted(bad)[:3])}"
        )
    kept = table.reindex(columns=_LISTED, fill_value="").sort_values("path")
    archives.pack(files, out, {LIST: kept.to_csv(index=False, lineterminator="\n").encode()})


def _from_list(names: list[str], archive: zipfile.ZipFile) -> pd.DataFrame:
    table = pd.read_csv(io.BytesIO(archives.read(archive, LIST)), dtype=str, keep_default_na=False)
    return (
        table.set_index("path")
        .reindex(names, fill_value="")
        .reset_index(names="path")
        .reindex(columns=_LISTED, fill_value="")
    )
