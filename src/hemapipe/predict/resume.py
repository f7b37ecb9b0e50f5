"""The rows of an earlier, interrupted prediction: held against what would be written now before a byte changes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from hemapipe.core.errors import HemapipeError
from hemapipe.predict.inputs import Item
from hemapipe.predict.names import from_cell
from hemapipe.predict.rows import Format, Row, fields, header


def earlier(out: Path, form: Format, classes: list[str], made_by: str, items: Iterator[Item]) -> Iterator[Row]:
    """Yield the rows that `out` has, taking as many of `items`; at the end an unfinished last line is cut off.

    Raises:
        HemapipeError: `out` is of other columns, files, patients or another model; it is left as it is.
    """
    if form == "table":
        raise HemapipeError("a table cannot be resumed: give --format csv or jsonl")
    for number, row in enumerate(read_back(out, form, classes), start=1):
        _compare(f"{out}: row {number}", row, next(items, None), made_by)
        yield row
    _cut_unfinished(out)


def read_back(path: Path, form: Format, classes: list[str]) -> Iterator[Row]:
    """Yield the finished rows of a file: a row is a line. Numbers but the probabilities stay text in a CSV.

    Raises:
        HemapipeError: the file has other columns: it is another prediction's, or none.
    """
    names, begun = fields(classes), '{"path": "'
    with path.open("rb") as handle:
        if form == "csv":
            begun = header(classes)
            head = handle.readline()
            _hold_start(path, head, begun)
            if head != begun.encode():
                return
        for line in handle:
            if not line.endswith(b"\n"):
                _hold_start(path, line, "" if form == "csv" else begun)
                return
            yield _parsed(path, line, form, names)


def _compare(where: str, row: Row, item: Item | None, made_by: str) -> None:
    if item is None or item.path != row["path"]:
        raise HemapipeError(
            f"{where} is {row['path']!r}, not {item.path if item else 'among the files'!r}; "
            "--resume needs the same files in the same order"
        )
    if row["model"] != made_by:
        raise HemapipeError(f"{where} is by {row['model']!r}, not {made_by!r}; --resume needs the same model")
    if row["patient"] != item.patient:
        raise HemapipeError(
            f"{where} has the patient {row['patient']!r}, not {item.patient!r}; --resume needs the same --pattern"
        )


def _parsed(path: Path, line: bytes, form: Format, names: list[str]) -> Row:
    try:
        if form == "csv":
            cells = next(csv.reader([line.decode()]))
            row: Row = dict(zip(names, cells, strict=True))
            row |= {name: from_cell(row[name]) for name in ("path", "patient")} | {"flags": row["flags"].split()}
        else:
            row = json.loads(line)
        if list(row) != names:
            raise ValueError("other fields")
        if row["error"]:
            return row
        return row | {name: float(row[name]) for name in names if name.startswith("p_")}
    except (ValueError, TypeError, csv.Error) as error:
        raise _foreign(path) from error


def _hold_start(path: Path, line: bytes, wanted: str) -> None:
    """Raise a HemapipeError unless a line begins as `wanted` does; it may be unfinished and so the shorter of both."""
    start = wanted.encode()
    if line[: len(start)] != start[: len(line)]:
        raise _foreign(path)


def _foreign(path: Path) -> HemapipeError:
    return HemapipeError(
        f"{path} has other columns: it is not an earlier part of this prediction; it was left as it is"
    )


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
