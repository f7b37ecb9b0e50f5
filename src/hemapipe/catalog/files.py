"""Which files of an archive are images, and which are passed over (and counted by name)."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hemapipe import archive, images

_SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".bmp": "BMP", ".dib": "BMP",
    ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".gif": "GIF",
}  # fmt: skip
_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Listing:
    """Image files (name → reason not to read it, '' for none) and the names of all other files, sorted."""

    images: dict[str, str]
    ignored: list[str]


def list_images(path: Path) -> Listing:
    """Sort the files of a zip: an image by its suffix, or, under any other name, by its first bytes."""
    found: dict[str, str] = {}
    ignored = []
    with archive.open_zip(path) as opened:
        for entry in archive.entries(path):
            if _is_image(opened, entry):
                found[entry.name] = entry.problem
            else:
                ignored.append(entry.name)
    return Listing(found, ignored)


def expected_format(name: str) -> str:
    """Return the format that a file's suffix promises, '' for an unknown suffix."""
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")


def _is_image(opened: zipfile.ZipFile, entry: archive.Entry) -> bool:
    name = PurePosixPath(entry.name)
    if "__MACOSX" in name.parts or name.name.lower() in _LITTER or name.name.startswith("._"):
        return False
    if expected_format(entry.name):
        return True
    return not entry.problem and images.looks_like_image(archive.read_head(opened, entry.name))
