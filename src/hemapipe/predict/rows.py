"""A row per file: what one model says of it, in the fields that every format shares; a row is a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from hemapipe.cells.attributes import NAMES
from hemapipe.core.errors import HemapipeError
from hemapipe.predict.inputs import Item
from hemapipe.predict.names import to_cell, visible
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
    p = (f"p_{name}" for name in classes)
    return ["path", "patient", "model", "label", *p, "decision", "flags", "error", *NAMES]


class Maker(NamedTuple):
    """What makes rows: a model, what the field `model` calls it (its version too), and its classes."""

    model: str
    name: str
    classes: list[str]


def found(item: Item, finding: Finding, maker: Maker, note: list[str]) -> Row:
    """Return the row of an image that was looked at; `note` holds further flags."""
    p = dict(zip(maker.classes, finding.probabilities[maker.model].tolist(), strict=True))
    return {
        "path": item.path,
        "patient": item.patient,
        "model": maker.name,
        "label": finding.labels[maker.model],
        **{f"p_{name}": round(value, _DIGITS) for name, value in p.items()},
        "decision": finding.decisions[maker.model],
        "flags": [*note, *finding.flags],
        "error": "",
        **{name: round(value, _DIGITS) for name, value in finding.attributes.items()},
    }


def failed(item: Item, error: str, maker: Maker) -> Row:
    """Return the row of a file that could not be looked at: no number in it."""
    row: Row = dict.fromkeys(fields(maker.classes))
    row |= {"path": item.path, "patient": item.patient, "model": maker.name}
    return row | {"label": "", "decision": "", "flags": [], "error": visible(error)}


def header(classes: list[str]) -> str:
    """Return the first line of a CSV of rows."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(fields(classes))
    return out.getvalue()


class Writer:
    """Writes rows to a text file as they come."""

    def __init__(self, out: TextIO, form: Format, classes: list[str], begun: bool = False) -> None:
        """Write to `out`; where it has rows already (`begun`), no header is repeated."""
        self.out, self.form, self.classes = out, form, classes
        self.csv = csv.DictWriter(out, fields(classes), lineterminator="\n")
        if form == "csv" and not begun:
            out.write(header(classes))
        if form == "table":
            head = (f"{name[:9]:>9}" for name in classes)
            out.write(f"{'path':{_PATH_WIDTH}} {'patient':10} {'label':10} {' '.join(head)} {'decision':9} warnings\n")

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows and hand them to the system at once: whatever ends this process later, they are in the file."""
        for row in rows:
            if self.form == "csv":
                named = {name: to_cell(row[name]) for name in ("path", "patient")}
                self.csv.writerow(row | named | {"flags": " ".join(row["flags"])})
            elif self.form == "jsonl":
                self.out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            else:
                self.out.write(self._line(row) + "\n")
        self.out.flush()

    def _line(self, row: Row) -> str:
        path = row["path"] if len(row["path"]) <= _PATH_WIDTH else "…" + row["path"][1 - _PATH_WIDTH :]
        if row["error"]:
            return f"{path:{_PATH_WIDTH}} {row['patient'][:10]:10} ERROR {row['error']}"
        p = " ".join(f"{row[f'p_{name}']:9.3f}" for name in self.classes)
        return (
            f"{path:{_PATH_WIDTH}} {row['patient'][:10]:10} {row['label'][:10]:10} {p} "
            f"{row['decision']:9} {', '.join(row['flags'])}"
        ).rstrip()
