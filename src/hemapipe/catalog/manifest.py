"""Build the manifest: read and decode every image once, fingerprint it, and find repeats and contradictions."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import imagehash
import joblib
import numpy as np
import pandas as pd
from PIL import Image

from hemapipe import archive, images
from hemapipe.catalog import checks
from hemapipe.catalog.files import Listing, expected_format, list_images
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import Section
from hemapipe.core.tables import MANIFEST

#: Files per task: some seconds of work for a worker process. Fewer images than this need no second process.
CHUNK = 500


class Params(Section):
    """`catalog`: whether a count that differs from the published one is an error."""

    strict: bool


@dataclass(frozen=True)
class Record:
    """What one file holds. `sha256` is of the decoded pixels and their shape, `file_sha256` of the bytes."""

    path: str
    status: str
    note: str = ""
    width: int = 0
    height: int = 0
    sha256: str = ""
    phash: str = ""
    file_sha256: str = ""


def build(
    raw: Path, source: ModuleType, source_params: Section, params: Params, n_jobs: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the manifest (`tables.MANIFEST`, a row per image file, sorted by path) and the flat metrics.

    Raises:
        HemapipeError: no images, fewer than two classes, a class without a readable image, or (with
            `params.strict`) counts other than the published ones.
    """
    listing = list_images(raw)
    checks.require_images(listing, raw)
    with archive.open_zip(raw) as opened:
        described = source.describe(list(listing.images), opened, source_params)
    listing = keep(listing, described["path"])
    files = pd.DataFrame([asdict(record) for record in read_all(raw, listing, n_jobs)])
    manifest = assemble(described, files)
    found, warnings = source.verify(files) if hasattr(source, "verify") else ({}, [])
    return manifest, {**checks.summarise(manifest, listing, source.EXPECTED, params.strict, warnings), **found}


def keep(listing: Listing, collection: pd.Series) -> Listing:
    """Move what a source left out (images that are no part of its collection, such as masks) to the ignored files.

    Raises:
        ValueError: the source names a file that is not there, or one twice (a defect of the source).
    """
    if collection.duplicated().any() or not set(collection) <= set(listing.images):
        raise ValueError("a source must describe each image file once, and no other file")
    left_out = set(listing.images) - set(collection)
    images = {name: problem for name, problem in listing.images.items() if name not in left_out}
    return Listing(images, sorted([*listing.ignored, *left_out]))


def read_all(raw: Path, listing: Listing, n_jobs: int) -> list[Record]:
    """Read, decode and fingerprint all images; memory holds one image per process, whatever the archive's size."""
    items = list(listing.images.items())
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    tasks = (joblib.delayed(_read_chunk)(raw, chunk) for chunk in chunks)
    return [record for part in joblib.Parallel(n_jobs=min(n_jobs, len(chunks)))(tasks) for record in part]


def assemble(described: pd.DataFrame, files: pd.DataFrame) -> pd.DataFrame:
    """Join what the source knows (by path) with what the files hold, and mark repeats and contradictions.

    Raises:
        HemapipeError: two paths share an image_id (48 bits of a hash; rename one).
    """
    optional = {name: "" for name in ("note", "person", "cohort") if name not in described}
    table = described.assign(**optional).rename(columns={"note": "told"})
    table = table.merge(files, on="path", validate="one_to_one")
    table["note"] = [("; ".join(filter(None, pair))) for pair in zip(table["told"], table["note"], strict=True)]
    table["image_id"] = [image_id(path) for path in table["path"]]
    if table["image_id"].duplicated().any():
        raise HemapipeError(f"two paths share an image_id: {sorted(table.loc[table['image_id'].duplicated(), 'path'])}")
    table = table.sort_values("path", ignore_index=True)
    return mark_repeats(table)[MANIFEST]


def mark_repeats(table: pd.DataFrame) -> pd.DataFrame:
    """Add `duplicate_of` (the first image_id with equal pixels, '' for the first itself) and `conflict`.

    A conflict is the same pixels under different labels; it is marked on every copy that has a label.
    """
    known = table[table["sha256"] != ""]
    first = known.groupby("sha256")["image_id"].transform("first")
    repeats = first.where(first != known["image_id"], "")
    labelled = known[known["label"] != ""]
    conflict = labelled.groupby("sha256")["label"].transform("nunique") > 1
    return table.assign(
        duplicate_of=repeats.reindex(table.index, fill_value=""),
        conflict=conflict.reindex(table.index, fill_value=False).astype(bool),
    )


def image_id(path: str) -> str:
    """Return the identifier of a path in the archive: the first 12 hexadecimal digits of its SHA-1."""
    return hashlib.sha1(path.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()[:12]


def pixel_hash(pixels: np.ndarray) -> str:
    """Return the SHA-256 of the shape and the RGB pixels: equal for equal pictures, whatever their files' format."""
    return hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode() + pixels.tobytes()).hexdigest()


def _read_chunk(raw: Path, chunk: list[tuple[str, str]]) -> list[Record]:
    with archive.open_zip(raw) as opened:
        return [Record(name, "unreadable", problem) if problem else _read(opened, name) for name, problem in chunk]


def _read(opened: Any, name: str) -> Record:
    try:
        data = archive.read(opened, name)
    except HemapipeError as error:
        return Record(name, "unreadable", str(error))
    decoded = images.decode(data)
    file_hash = hashlib.sha256(data).hexdigest()
    note = "; ".join(filter(None, [_wrong_suffix(name, decoded.format), decoded.note]))
    if decoded.pixels is None:
        return Record(name, "unreadable", note, file_sha256=file_hash)
    height, width = decoded.pixels.shape[:2]
    phash = str(imagehash.phash(Image.fromarray(decoded.pixels)))
    return Record(name, decoded.status, note, width, height, pixel_hash(decoded.pixels), phash, file_hash)


def _wrong_suffix(name: str, found: str) -> str:
    return f"content is {found}" if found and expected_format(name) != found else ""
