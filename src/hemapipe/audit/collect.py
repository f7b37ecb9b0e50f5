"""Everything the audit needs of any folder or archive, made in a temporary folder; nothing is trained."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from pydantic import ValidationError

from hemapipe import archive, places, sources
from hemapipe.admin.recognise import is_list, list_names, recognise
from hemapipe.audit import order
from hemapipe.audit.inputs import Inputs
from hemapipe.catalog import checks
from hemapipe.catalog.files import list_images
from hemapipe.catalog.manifest import assemble, keep, read_all
from hemapipe.core.errors import HemapipeError, reason
from hemapipe.core.tables import NEAR_REPEATS, TIES
from hemapipe.features.extract import write_features
from hemapipe.features.params import FeatureRow
from hemapipe.group.components import build_groups
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.sources import base, folder
from hemapipe.ties import clusters, near, sessions, summary
from hemapipe.ties.params import TiesParams

#: The frozen network whose weights come with the requirements: no network connection is needed.
FEATURES = FeatureRow(
    kind="backbone", builder="timm", arch="tf_efficientnet_lite0", weights="packaged", px=128, batch_size=32
)
#: What ties images together here: all there is.
GROUP_BY = ("patient", "repeat", "near", "session")
#: Layouts of sets without a source of their own, and the pattern that reads them: DeepAPL, and our synthetic fields.
_KNOWN = {
    r"(^|/)images/Patient_\d+/(blast|lymphocyte)/[^/]+$": "images/{patient}/{label}/{name}",
    r"(^|/)images/(P\d+)/(benign|early|pre|pro)/\2-\d+\.jpg$": "images/{patient}/{label}/{name}",
}


@dataclass(frozen=True)
class Described:
    """What paths (or a list) tell of each image (see `sources`); `numbered` and `empty_classes` are as in `Inputs`."""

    table: pd.DataFrame
    numbered: bool
    empty_classes: tuple[str, ...] = ()


@contextlib.contextmanager
def collected(path: Path, pattern: str, n_jobs: int) -> Iterator[Inputs]:
    """Catalog, pack and compare the images at `path` (zip, folder or CSV `path,label,patient`); yield the inputs.

    Labels and patients come from `pattern`, from the layout of a known set, or are unknown.

    Raises:
        HemapipeError: no such path, no archive, no image in it, a pattern that fits no path or beside a list.
    """
    check_pattern(path, pattern)
    with TemporaryDirectory(prefix="hemapipe-audit-") as temporary:
        work = Path(temporary)
        raw = _raw(path, work)
        manifest, told = _manifest(path, raw, pattern, n_jobs)
        rows = manifest[manifest["status"] != "unreadable"]
        packed, embedding = _packed(raw, rows, work, n_jobs)
        ties, near_repeats = _ties(rows, packed, embedding, n_jobs)
        if told.numbered and not order.sessions_divide(rows, ties):
            ties = ties.assign(session="")
        groups = build_groups(manifest, GROUP_BY, ties)
        yield Inputs(
            raw, manifest, groups, ties, near_repeats, packed, embedding, work,
            numbered=told.numbered, empty_classes=told.empty_classes,
        )  # fmt: skip


def describe(path: Path, names: list[str], raw: Path, pattern: str) -> Described:
    """Describe the image files `names` as their source does (see `sources`), blank where nothing is known.

    Where neither patients nor an order are known, the numbers in the file names stand in for the order.
    """
    with archive.open_zip(raw) as opened:
        table, empty = _told(path, names, opened, pattern)
    ordered = order.from_file_numbers(table)
    return Described(ordered, not ordered["sequence"].equals(table["sequence"]), tuple(empty))


def _told(path: Path, names: list[str], opened: zipfile.ZipFile, pattern: str) -> tuple[pd.DataFrame, list[str]]:
    listed = is_list(path)
    source = "folder" if pattern or listed else recognise(path)
    pattern = pattern or _known_pattern(names)
    module = sources.load(source)
    if source != "folder" or listed:
        values = {"pattern": "{label}"} if listed else {}
        return module.describe(names, opened, module.Params(archive=path.name, **values)), []
    if not pattern:
        return pd.DataFrame({name: names if name == "path" else "" for name in base.COLUMNS}), []
    return folder.read_paths(names, opened, pattern)


def check_pattern(path: Path, pattern: str) -> None:
    """Raise a HemapipeError if `--pattern` makes no sense, or stands beside a list, which has its own labels."""
    if pattern and is_list(path):
        raise HemapipeError(f"{path} lists labels and patients itself: leave --pattern out")
    try:
        folder.Params(archive=path.name or "images", pattern=pattern or "{label}")
    except ValidationError as error:
        reasons = "; ".join(reason(one["msg"]) for one in error.errors())
        raise HemapipeError(f"--pattern {pattern!r}: {reasons}") from error


def _raw(path: Path, work: Path) -> Path:
    """Return the archive itself, or one packed from a folder or a list."""
    if is_list(path):
        with contextlib.redirect_stdout(io.StringIO()):  # the hash to pin it by, which nobody needs here
            folder.fetch(folder.Params(archive=str(path.resolve()), pattern="{label}"), 0, 1, None, work / "raw.zip")
        return work / "raw.zip"
    list_names(path)  # raises where it is neither a zip nor a folder
    if path.is_file():
        return path
    archive.pack_folder(path, work / "raw.zip")
    return work / "raw.zip"


def _known_pattern(names: list[str]) -> str:
    found = [pattern for layout, pattern in _KNOWN.items() if names and all(re.search(layout, name) for name in names)]
    return found[0] if found else ""


def _manifest(path: Path, raw: Path, pattern: str, n_jobs: int) -> tuple[pd.DataFrame, Described]:
    listing = list_images(raw)
    checks.require_images(listing, path)
    described = describe(path, list(listing.images), raw, pattern)
    listing = keep(listing, described.table["path"])
    checks.require_images(listing, path)
    files = pd.DataFrame([asdict(record) for record in read_all(raw, listing, n_jobs)])
    return assemble(described.table, files), described


def _packed(raw: Path, rows: pd.DataFrame, work: Path, n_jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the packed images and their features, empty where no file can be decoded."""
    if rows.empty:
        return np.empty((0, FEATURES.px, FEATURES.px, 3), np.uint8), np.empty((0, 0), np.float32)
    how = PreprocessParams(px=[FEATURES.px], neutral=[], shape="stretch", contrast="none", stain="none")
    pack(raw, places.find(raw, rows), work / "packed.npy", FEATURES.px, how, n_jobs)
    packed = np.load(work / "packed.npy", mmap_mode="r")
    write_features(packed, FEATURES, n_jobs, work / "features.npy")
    return packed, np.load(work / "features.npy")


def _ties(
    rows: pd.DataFrame, packed: np.ndarray, embedding: np.ndarray, n_jobs: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return core.tables.TIES and NEAR_REPEATS of the decodable `rows`, as the stage find_ties makes them."""
    if rows.empty:
        return pd.DataFrame(columns=TIES), pd.DataFrame(columns=NEAR_REPEATS)
    rows, params = rows.reset_index(drop=True), TiesParams(px=FEATURES.px)
    pairs = near.find(packed, embedding, rows["sha256"].to_list(), params, n_jobs)
    session = sessions.find(rows, packed, params, n_jobs)
    return summary.ties(rows, clusters.names(rows, pairs), session), summary.near_repeats(rows, pairs)
