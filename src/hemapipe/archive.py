"""Read and write archives safely. Nothing is ever unpacked to disk: entries are read into memory, one at a time.

So an entry that climbs out of its folder cannot do harm; it is still refused, with its reason, like every entry
that a careful reader does not open: links, encrypted entries, absurd sizes. What an entry says of its size is not
believed: no more than that is unpacked, and one that holds more is refused.
"""

from __future__ import annotations

import bz2
import copy
import hashlib
import itertools
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO

from hemapipe.core.errors import HemapipeError

#: An entry that unpacks to more than this is refused: 1 GiB.
MAX_BYTES = 1 << 30
#: What damaged entries raise.
READ_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, OSError, EOFError, ValueError)
#: Entries packed so can be unpacked piece by piece with `zipfile`; of others it unpacks all that a piece of them gives.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIECE_BYTES = 1 << 16
#: A dictionary that LZMA may ask for: four times that of 7-Zip's highest setting for zips.
_LZMA_BYTES = 1 << 28
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


@dataclass(frozen=True)
class Entry:
    """A file in an archive; `problem` is why it must not be read, '' if nothing speaks against it."""

    name: str
    problem: str = ""


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip for reading.

    Raises:
        HemapipeError: missing, cut off, or no zip at all.
    """
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise HemapipeError(f"{path} not found") from error
    except zipfile.BadZipFile as error:
        raise HemapipeError(
            f"{path} is no zip archive, or an incomplete one ({error}): fetch or pack it again"
        ) from error


def check_zip(path: Path) -> None:
    """Raise a HemapipeError unless `path` is a zip whose directory can be read."""
    open_zip(path).close()


def entries(path: Path) -> list[Entry]:
    """List the files of a zip, sorted by name; of entries with one name the last counts, as for every zip reader."""
    with open_zip(path) as archive:
        found = {
            info.filename: Entry(info.filename, _problem(info)) for info in archive.infolist() if not info.is_dir()
        }
    return [found[name] for name in sorted(found)]


def read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one entry.

    Raises:
        HemapipeError: it must not be read, or it is damaged; the message is the reason alone.
    """
    info = archive.getinfo(name)
    problem = _problem(info)
    if problem:
        raise HemapipeError(problem)
    try:
        data = _unpack(archive, info, info.file_size + 1)
    except READ_ERRORS as error:
        raise HemapipeError(f"damaged in the archive: {error}") from error
    if len(data) > info.file_size:
        raise HemapipeError(f"refused: unpacks to more than the {info.file_size} bytes it declares")
    return data


def read_head(archive: zipfile.ZipFile, name: str, n_bytes: int = 16) -> bytes:
    """Return the first bytes of an entry, b"" where it cannot be read (`read` then says why)."""
    try:
        return _unpack(archive, archive.getinfo(name), n_bytes)
    except (*READ_ERRORS, RuntimeError):  # what `zipfile` says of an encrypted one
        return b""


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return the first `most` bytes of an entry, checked if that is all of it, and never unpack more than those."""
    if info.compress_type not in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        claimed = copy.copy(info)
        claimed.file_size = max(info.file_size, most + 1)  # `zipfile` cuts what is more, without a word
        with archive.open(claimed) as handle:
            return handle.read(most)
    raw = copy.copy(info)
    raw.compress_type, raw.file_size = zipfile.ZIP_STORED, info.compress_size
    del raw.CRC  # it is the content's
    with archive.open(raw) as packed:
        data = unpack(packed, info.compress_type, most)
    if len(data) < most and zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
    return data


def unpack(packed: IO[bytes], method: int, most: int) -> bytes:
    """Return the first `most` bytes of an entry that is `packed` by bzip2 or LZMA, and never unpack more than those.

    Raises:
        OSError, lzma.LZMAError, EOFError: it is damaged.
    """
    pieces: Iterator[bytes] = iter(partial(packed.read, _PIECE_BYTES), b"")
    decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor = bz2.BZ2Decompressor()
    if method == zipfile.ZIP_LZMA:  # version (2 bytes), length of the properties (2), properties
        n_properties = int.from_bytes(packed.read(4)[2:], "little")
        # The head of an .lzma file, which says that the size is not known.
        pieces = itertools.chain([packed.read(n_properties) + b"\xff" * 8], pieces)
        decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_BYTES)
    data = bytearray()
    while len(data) < most and not decoder.eof and (piece := next(pieces, b"")):
        data += decoder.decompress(piece, most - len(data))
    return bytes(data)


def pack_folder(folder: Path, out: Path) -> None:
    """Pack a folder so that equal content gives equal bytes: sorted, one timestamp, stored; empty folders are kept.

    Raises:
        HemapipeError: it holds links to folders or out of it, or names that are not Unicode.
    """
    files, empty = _walk(folder)
    pack({path.relative_to(folder).as_posix(): path for path in files}, out, dict.fromkeys(empty, b""))


def pack(files: dict[str, Path], out: Path, extra: dict[str, bytes] | None = None) -> None:
    """Write files (archive name → path) and `extra` entries (archive name → content) as a stored zip.

    Raises:
        HemapipeError: a name is not Unicode (a file system may hold such names, a zip cannot).
    """
    extra = extra or {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted([*files, *extra]):
            try:
                archive.writestr(plain_entry(name), extra[name] if name in extra else files[name].read_bytes())
            except UnicodeEncodeError as error:
                raise HemapipeError(f"the file name {name!r} is not Unicode: rename it") from error


def plain_entry(name: str) -> zipfile.ZipInfo:
    """Return an entry whose bytes depend on its name and content alone (a fixed time and file mode)."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
    return info


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def unsafe_path(name: str) -> str:
    """Say why a path must not be followed: it leaves its folder. '' if it does not."""
    windows = PureWindowsPath(name)
    if name.startswith(("/", "\\")) or windows.drive:
        return "refused: absolute path in the archive"
    return "refused: path climbs out of the archive" if ".." in windows.parts else ""


def _problem(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "refused: symbolic link in the archive"
    if info.flag_bits & 0x1:
        return "encrypted in the archive"
    if info.file_size > MAX_BYTES:
        return f"refused: would unpack to {info.file_size} bytes"
    return unsafe_path(info.filename)


def _walk(folder: Path) -> tuple[list[Path], list[str]]:
    """List the files and the empty folders, refusing links that leave `folder` and links to folders (they may loop)."""
    root = folder.resolve()
    found: list[Path] = []
    empty: list[str] = []
    refused: list[Path] = []
    for parent, folders, names in os.walk(folder):
        refused += [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        for path in (Path(parent, name) for name in names):
            inside = path.is_file() and path.resolve().is_relative_to(root)
            (found if inside else refused).append(path)
        if not folders and not names:
            empty.append(Path(parent).relative_to(folder).as_posix() + "/")
    _refuse(folder, refused)
    return found, empty


def _refuse(folder: Path, refused: list[Path]) -> None:
    if refused:
        shown = ", ".join(sorted(path.relative_to(folder).as_posix() for path in refused)[:3])
        raise HemapipeError(
            f"{folder} holds {len(refused)} links to folders, links that leave it, or special files ({shown}): "
            "put the files themselves there, or list them in a CSV `path,label,patient`"
        )
