"""Read and write archives safely. Nothing is ever unpacked to disk: entries are read into memory, one at a time.

So an entry that climbs out of its folder cannot do harm; it is still refused, with its reason, like every entry
that a careful reader does not open: links, encrypted entries, absurd sizes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from hemapipe.errors import HemapipeError

#: An entry that unpacks to more than this is refused: 1 GiB.
MAX_BYTES = 1 << 30
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
        return archive.read(info)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise HemapipeError(f"damaged in the archive: {error}") from error


def pack_folder(folder: Path, out: Path) -> None:
    """Pack a folder so that equal content gives equal bytes: sorted, one timestamp, stored.

    Raises:
        HemapipeError: it holds links to folders or out of it, or names that are not Unicode.
    """
    pack({path.relative_to(folder).as_posix(): path for path in _files(folder)}, out)


def pack(files: dict[str, Path], out: Path, extra: dict[str, bytes] | None = None) -> None:
    """Write files (archive name → path) and `extra` entries (archive name → content) as a stored zip."""
    out.parent.mkdir(parents=True, exist_ok=True)
    extra = extra or {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted([*files, *extra]):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), extra[name] if name in extra else files[name].read_bytes())


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


def _files(folder: Path) -> list[Path]:
    """List the files under `folder`, refusing links that leave it and links to folders (which may loop)."""
    root, found, refused = folder.resolve(), [], []
    for parent, folders, names in os.walk(folder):
        refused += [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        for path in (Path(parent, name) for name in names):
            inside = path.resolve().is_relative_to(root) and path.is_file()
            (found if inside else refused).append(path)
    _refuse(folder, refused)
    return found


def _refuse(folder: Path, refused: list[Path]) -> None:
    if refused:
        shown = ", ".join(sorted(path.relative_to(folder).as_posix() for path in refused)[:3])
        raise HemapipeError(
            f"{folder} holds {len(refused)} links to folders, links that leave it, or special files ({shown}): "
            "put the files themselves there, or list them in a CSV `path,label,patient`"
        )
