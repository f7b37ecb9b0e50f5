"""A row per file: what one model says of it, in the fields that every format shares."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TextIO

from hemapipe.cells.attributes import NAMES
from hemapipe.core.errors import HemapipeError
from hemapipe.predict.run import Finding

Format = Literal["table", "csv", "jsonl"]
FORMATS: dict[str, Format] = {"table": "table", "csv": "csv", "jsonl": "jsonl"}
Row = dict[str, Any]
_DIGITS = 6
_PATH_WIDTH = 44


def format_of(name: str, out: Path | None) -> Format:
    """Return the format asked for, else the one of the file's ending, else a table.

    Raises:
        HemapipeError: no such format.
    """
    named = name or (out.suffix.lstrip(".").lower() if out else "") or "table"
    if named not in FORMATS:
        raise HemapipeError(f"no format {named!r}: give --format {', '.join(FORMATS)}")
    return FORMATS[named]


def fields(classes: list[str]) -> list[str]:
    """Return the names of a row's fields, in order."""
    return ["path", "patient", "label", *(f"p_{name}" for name in classes), "decision", "flags", "error", *NAMES]


def found(path: str, patient: str, finding: Finding, model: str, classes: list[str], note: list[str]) -> Row:
    """Return the row of an image that was looked at; `note` holds further flags."""
    p = dict(zip(classes, finding.probabilities[model].tolist(), strict=True))
    return {
        "path": path,
        "patient": patient,
        "label": finding.labels[model],
        **{f"p_{name}": round(value, _DIGITS) for name, value in p.items()},
        "decision": finding.decisions[model],
        "flags": [*note, *finding.flags],
        "error": "",
        **{name: round(value, _DIGITS) for name, value in finding.attributes.items()},
    }


def failed(path: str, patient: str, error: str, classes: list[str]) -> Row:
    """Return the row of a file that could not be looked at: no number in it."""
    row: Row = dict.fromkeys(fields(classes))
    return row | {"path": path, "patient": patient, "label": "", "decision": "", "flags": [], "error": error}


class Writer:
    """Writes rows to a text file as they come."""

    def __init__(self, out: TextIO, form: Format, classes: list[str], begun: bool = False) -> None:
        """Write to `out`; where it has rows already (`begun`), no header is repeated."""
        self.out, self.form, self.classes = out, form, classes
        self.csv = csv.DictWriter(out, fields(classes), lineterminator="\n")
        if form == "csv" and not begun:
            self.csv.writeheader()
        if form == "table":
            head = (f"{name[:9]:>9}" for name in classes)
            out.write(f"{'path':{_PATH_WIDTH}} {'patient':10} {'label':10} {' '.join(head)} {'decision':9} warnings\n")

    def write(self, row: Row) -> None:
        """Write one row and hand it on to the file, so that an interruption loses no finished batch."""
        if self.form == "csv":
            self.csv.writerow(row | {"flags": " ".join(row["flags"])})
        elif self.form == "jsonl":
            self.out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            self.out.write(self._line(row) + "\n")

    def _line(self, row: Row) -> str:
        path = row["path"] if len(row["path"]) <= _PATH_WIDTH else "…" + row["path"][1 - _PATH_WIDTH :]
        if row["error"]:
            return f"{path:{_PATH_WIDTH}} {row['patient'][:10]:10} ERROR {row['error']}"
        p = " ".join(f"{row[f'p_{name}']:9.3f}" for name in self.classes)
        return (
            f"{path:{_PATH_WIDTH}} {row['patient'][:10]:10} {row['label'][:10]:10} {p} "
            f"{row['decision']:9} {', '.join(row['flags'])}"
        ).rstrip()


def read_back(path: Path, form: Format, classes: list[str]) -> Iterator[Row]:
    """Yield the rows of an earlier, interrupted run: the fields that verdicts per patient need.

    A last line without its end is cut off first.

    Raises:
        HemapipeError: the file has other columns: it is another model's.
    """
    _cut_unfinished(path)
    with path.open(encoding="utf-8", newline="") as handle:
        if form == "jsonl":
            rows: Iterator[Row] = map(json.loads, handle)
        else:
            reader = csv.DictReader(handle)
            if (reader.fieldnames or fields(classes)) != fields(classes):
                raise HemapipeError(f"{path} has other columns: it is not an earlier part of this prediction")
            rows = ({**row, "flags": row["flags"].split()} for row in reader)
        for row in rows:
            p = {name: row.get(name) for name in (f"p_{one}" for one in classes)}
            yield row | {name: float(value) if value not in (None, "") else None for name, value in p.items()}


def _cut_unfinished(path: Path) -> None:
    with path.open("rb+") as handle:
        end = handle.seek(0, 2)
        while end:
            start = max(0, end - (1 << 16))
            handle.seek(start)
            newline = handle.read(end - start).rfind(b"\n")
            if newline >= 0:
                handle.truncate(start + newline + 1)
                return
            end = start
        handle.truncate(0)
