"""What hashes alone tell: which files are the same, and which subjects share them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.text import counted, some
from hemapipe.sources.cnmc import shared_subjects
from hemapipe.sources.folder import read_list

_SHA256 = "[0-9a-fA-F]{64}"


def read_hashes(path: Path) -> pd.DataFrame:
    """Read a CSV with the columns `sha256` and `path`, a row per file.

    Raises:
        HemapipeError: no such file, no such columns, no row, a value that is no SHA-256, or a path listed twice.
    """
    if not path.is_file():
        raise HemapipeError(f"{path} not found: give a CSV with the columns sha256 and path")
    table = read_list(path, "the columns sha256 and path")
    if not {"sha256", "path"} <= set(table):
        raise HemapipeError(f"{path} needs the columns sha256 and path; it has {', '.join(map(str, table))}")
    wrong = ~table["sha256"].str.fullmatch(_SHA256)
    if wrong.any():
        raise HemapipeError(
            f"{path}: {counted(int(wrong.sum()), 'value is', 'values are')} no SHA-256, the first in line "
            f"{int(wrong.to_numpy().argmax()) + 2}"
        )
    twice = sorted(set(table.loc[table["path"].duplicated(), "path"]))
    if twice:
        raise HemapipeError(f"{path} lists {counted(len(twice), 'path')} twice: {some(twice, 3)}")
    return table.assign(sha256=table["sha256"].str.lower())


def audit_hashes(table: pd.DataFrame) -> dict[str, Any]:
    """Return what equal hashes tell of the files of C-NMC-like names (`UID_<subject>_…`).

    Returns:
        files, and repeats, the sets of paths with one hash; subjects, pairs of subjects who share files, with
        the number and an example; persons, subjects who hang together.
    """
    groups = table.sort_values("path").groupby("sha256")["path"].agg(list)
    shared = shared_subjects(table)
    return {
        "files": len(table),
        "repeats": sorted(paths for paths in groups if len(paths) > 1),
        "subjects": shared.drop(columns="person").to_dict("records"),
        "persons": sorted(set(shared["person"])),
    }


def render(found: dict[str, Any]) -> str:
    """Return the outcome as text for a terminal."""
    n_pairs = sum(len(paths) * (len(paths) - 1) // 2 for paths in found["repeats"])
    lines = [f"{counted(found['files'], 'file')}; {counted(n_pairs, 'pair')} of identical files", ""]
    if found["subjects"]:
        lines.append("Subjects who share files: a split that keeps them apart leaks.")
    for pair in found["subjects"]:
        lines += [f"  {pair['subject']} and {pair['other']} share {counted(pair['n_shared'], 'file')}, such as"]
        lines += [f"    {pair['path']}", f"    {pair['other_path']}"]
    if found["persons"]:
        lines += ["", "To be kept on one side: " + ", ".join(found["persons"])]
    return "\n".join(lines)
