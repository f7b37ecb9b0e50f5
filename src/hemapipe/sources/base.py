"""What the sources of real images share: find the archive at hand, check it, or say how to get it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from hemapipe import archive
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import Section

#: What `describe` returns, a row per image file; all text, '' where unknown.
COLUMNS = ["path", "label", "patient", "sequence", "official"]

Download = Callable[[Path], None]


class ArchiveParams(Section):
    """Which archive a source reads: `archive` is a name in the data folder (or an absolute path)."""

    archive: str = Field(min_length=1)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


def fetch(
    params: ArchiveParams,
    data_dir: Path | None,
    out: Path,
    homepage: str = "",
    download: Download | None = None,
    copy: Callable[[Path, Path], None] | None = None,
) -> None:
    """Put the source's archive at `out`: from `data_dir`, else by `download`, then check its SHA-256.

    A zip is copied whole, a folder is packed (equal content, equal bytes), unless `copy` does it otherwise. Where
    `params.sha256` is null the hash is printed, to be put into params.yaml.

    Raises:
        HemapipeError: nothing at hand and no way to download (says which page to fetch by hand and what to set),
            not a zip, or a hash other than the one in params (`out` is then removed).
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    local = find(params.archive, data_dir)
    if local is not None:
        (copy or copy_whole)(local, out)
    elif download is not None:
        _download(download, out, params.archive, data_dir, homepage)
    else:
        raise HemapipeError(absent(params.archive, data_dir, homepage))
    check_hash(params, out)


def find(name: str, data_dir: Path | None) -> Path | None:
    """Return the archive or folder called `name` (or `name` without `.zip`, unpacked) in `data_dir`, or None."""
    wanted = Path(name).expanduser()
    if data_dir is None and not wanted.is_absolute():
        return None
    path = (data_dir or Path()) / wanted
    unpacked = path.with_suffix("")
    if path.exists():
        return path
    return unpacked if path.suffix == ".zip" and unpacked.is_dir() else None


def copy_whole(local: Path, out: Path) -> None:
    """Copy a zip whole, or pack a folder."""
    if local.is_dir():
        archive.pack_folder(local, out)
    else:
        archive.check_zip(local)
        shutil.copyfile(local, out)


def check_hash(params: ArchiveParams, out: Path) -> None:
    """Compare the archive's SHA-256 with the one in params; print it where params have none."""
    found = archive.sha256_of(out)
    if params.sha256 is None:
        print(f"{params.archive}: sha256: {found}  (put it into params.yaml to pin this archive)")
    elif found != params.sha256:
        out.unlink()
        raise HemapipeError(
            f"{params.archive} is not the archive that params.yaml names:\n  expected sha256 {params.sha256}\n"
            f"  found    sha256 {found}\nGet the right file, or put the found hash (or null) into params.yaml."
        )


def absent(name: str, data_dir: Path | None, homepage: str) -> str:
    """Say what is missing, where it can be fetched by hand, and what to set."""
    looked = f"in {data_dir}" if data_dir else "(HEMAPIPE_DATA is not set)"
    fetch_it = f"Fetch it by hand from {homepage}, save" if homepage else "Save"
    return f"{name} not found {looked}. {fetch_it} it as <folder>/{Path(name).name}, and set HEMAPIPE_DATA=<folder>."


def kaggle(handle: str, out: Path) -> None:
    """Download a public Kaggle data set (no account needed) and pack it to `out`."""
    import kagglehub  # network clients load only when they are needed

    archive.pack_folder(Path(kagglehub.dataset_download(handle)), out)


def _download(download: Download, out: Path, name: str, data_dir: Path | None, homepage: str) -> None:
    try:
        download(out)
    except HemapipeError:
        raise
    except Exception as error:  # a hub client may raise anything: no network, no such data set, no space, …
        out.unlink(missing_ok=True)
        reason = (str(error).splitlines() or [""])[0][:200]
        raise HemapipeError(
            f"{absent(name, data_dir, homepage)}\nThe download failed ({type(error).__name__}: {reason})."
        ) from error
