"""Tell from the names inside an archive which source reads it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from hemapipe import sources
from hemapipe.core.errors import HemapipeError

#: As published: `Original/Early/WBC-Malignant-Early-001.jpg`, `…/fold_0/all/UID_11_10_1_all.bmp`.
LAYOUTS = {
    "taleqani": re.compile(r"(^|/)Original/(Benign|Early|Pre|Pro)/WBC-[^/]+\.jpe?g$", re.IGNORECASE),
    "cnmc": re.compile(r"(^|/)UID_H?\d+_\d+_\d+_(all|hem)\.bmp$", re.IGNORECASE),
}

#: Share of the published images, by names of a known layout, from which an archive counts as the whole collection: the
#: preliminary test of C-NMC, a seventh, has names without one.
WHOLE = 0.8


def recognise(archive: Path) -> str:
    """Return `taleqani` or `cnmc` where the names inside have that published layout, else `folder`.

    Raises:
        HemapipeError: there is no such file or folder, or it is neither a zip, a folder nor a CSV.
    """
    if is_list(archive):
        return "folder"
    names = list_names(archive)
    for source, layout in LAYOUTS.items():
        if any(layout.search(name) for name in names):
            return source
    return "folder"


def is_whole(archive: Path, source: str) -> bool:
    """Tell whether the archive holds as many images as were published, or but a part of them."""
    published = sum(sources.load(source).EXPECTED.values())
    found = sum(bool(LAYOUTS[source].search(name)) for name in list_names(archive))
    return found >= WHOLE * published


def is_list(archive: Path) -> bool:
    """Tell whether this is a CSV that lists image files, as the folder source reads it."""
    return archive.is_file() and archive.suffix.lower() == ".csv"


def list_names(archive: Path) -> list[str]:
    """Return the paths inside a zip or a folder, `/` between their parts, sorted."""
    if archive.is_dir():
        return sorted(path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_file())
    if not archive.exists():
        raise HemapipeError(f"{archive} not found")
    if not zipfile.is_zipfile(archive):
        raise HemapipeError(f"{archive} is neither a zip archive, a folder nor a CSV that lists images")
    with zipfile.ZipFile(archive) as zipped:
        return sorted(zipped.namelist())
