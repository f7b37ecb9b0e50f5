"""Whatever a user points at - images, folders, zips, CSVs - as one stream of files in a fixed order."""

from __future__ import annotations

import csv
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from hemapipe import archive
from hemapipe.core.errors import HemapipeError
from hemapipe.images import looks_like_image
from hemapipe.predict.names import visible
from hemapipe.sources.folder import compile_pattern

_EXTENSIONS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp"}


class Item(NamedTuple):
    """A file that should be an image. `read` returns its bytes, or raises a HemapipeError or an OSError.

    `path` and `patient` are as `names.visible` shows them, so that they can be printed, and written as one line.
    """

    path: str
    patient: str
    read: Callable[[], bytes]


class Inputs:
    """The files behind the `sources`, sorted within each; `left_out` counts files that are no images.

    A folder is walked and a CSV read as the stream goes, so that memory does not grow with the number of files.
    """

    def __init__(self, sources: list[Path], pattern: str = "") -> None:
        """Check the sources; `pattern`, such as `{patient}/{name}`, is held against the end of each path.

        Raises:
            HemapipeError: a source does not exist, the pattern holds no {patient}, a CSV has no `path` or is not UTF-8.
        """
        missing = [str(source) for source in sources if not source.exists()]
        if missing:
            raise HemapipeError(f"not found: {', '.join(missing[:5])}")
        if pattern and "{patient}" not in pattern:
            raise HemapipeError(f"the pattern {pattern!r} needs {{patient}}, as in '{{patient}}/{{name}}'")
        for source in filter(_is_list, sources):
            _check_list(source)
        self.sources, self.left_out = sources, 0
        self._pattern: re.Pattern[str] | None = compile_pattern(pattern) if pattern else None
        self._depth = pattern.count("/") + 1

    def __iter__(self) -> Iterator[Item]:
        """Yield every file, in the same order each time."""
        self.left_out = 0
        for source in self.sources:
            if source.is_dir():
                yield from self._folder(source)
            elif _is_list(source):
                yield from self._list(source)
            elif source.suffix.lower() == ".zip":
                yield from self._zip(source)
            else:
                yield self._item(str(source), source.read_bytes)

    def _item(self, path: str, read: Callable[[], bytes], patient: str = "") -> Item:
        if self._pattern is not None and not patient:
            tail = "/".join(unicodedata.normalize("NFC", path).replace("\\", "/").split("/")[-self._depth :])
            found = self._pattern.fullmatch(tail)
            patient = found["patient"] if found else ""
        return Item(visible(path), visible(patient), read)

    def _folder(self, source: Path) -> Iterator[Item]:
        for parent, folders, names in os.walk(source):
            folders.sort()
            for path in (Path(parent, name) for name in sorted(names)):
                if not _is_special(path) and (path.suffix.lower() in _EXTENSIONS or _is_image(path)):
                    yield self._item(str(path), path.read_bytes)
                else:
                    self.left_out += 1

    def _zip(self, source: Path) -> Iterator[Item]:
        with archive.open_zip(source) as opened:
            for entry in archive.entries(source):
                if "__MACOSX" in entry.name:
                    continue
                named = Path(entry.name).suffix.lower() in _EXTENSIONS
                if named or (not entry.problem and looks_like_image(archive.read_head(opened, entry.name))):
                    yield self._item(f"{source}/{entry.name}", _reader(opened, entry.name))
                else:
                    self.left_out += 1

    def _list(self, source: Path) -> Iterator[Item]:
        with source.open(encoding="utf-8-sig", newline="") as handle:
            rows = csv.DictReader(handle)
            for row in rows:
                path = row["path"] or ""  # None where a row is shorter than the header
                read = _of_list(source.parent, path, f"no path in line {rows.line_num} of {source.name}")
                yield self._item(path, read, row.get("patient") or "")


def _is_list(source: Path) -> bool:
    return source.suffix.lower() == ".csv" and not source.is_dir()


def _check_list(source: Path) -> None:
    """Read a list once, so that nothing is predicted of one that cannot be read to its end."""
    try:
        with source.open(encoding="utf-8-sig", newline="") as handle:
            rows = csv.DictReader(handle)
            if "path" not in (rows.fieldnames or []):
                raise HemapipeError(f"{source}: a list of images needs a column `path` (and may have `patient`)")
            for _ in rows:
                pass
    except UnicodeDecodeError as error:
        raise HemapipeError(f"{source} is not in UTF-8: save it as `CSV UTF-8` ({error.reason})") from error
    except csv.Error as error:
        raise HemapipeError(f"{source} cannot be read as a CSV: {error}") from error


def _of_list(folder: Path, path: str, missing: str) -> Callable[[], bytes]:
    """Return what reads a file that a list names."""

    def read() -> bytes:
        if not path:
            raise HemapipeError(missing)
        try:
            if _is_special(folder / path):
                raise HemapipeError("no regular file, but a pipe or a device")
            return (folder / path).read_bytes()
        except ValueError as error:  # a NUL, or what the system's encoding cannot hold
            raise HemapipeError(f"no file can be called this: {error}") from error

    return read


def _is_special(path: Path) -> bool:
    """Say whether reading might never end: a pipe, a socket, a device. What cannot be looked at fails when read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _is_image(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return looks_like_image(handle.read(16))
    except OSError:
        return False


def _reader(opened: zipfile.ZipFile, name: str) -> Callable[[], bytes]:
    return lambda: archive.read(opened, name)
