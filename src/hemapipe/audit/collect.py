"""Everything the audit needs of any folder or archive, made in a temporary folder; nothing is trained."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from hemapipe import archive, sources
from hemapipe.admin.recognise import list_names, recognise
from hemapipe.audit.inputs import Inputs
from hemapipe.catalog import checks
from hemapipe.catalog.files import list_images
from hemapipe.catalog.manifest import assemble, keep, read_all
from hemapipe.core.errors import HemapipeError
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


@contextlib.contextmanager
def collected(path: Path, pattern: str, n_jobs: int) -> Iterator[Inputs]:
    """Catalog, pack and compare the images at `path` (zip, folder or CSV `path,label,patient`); yield the inputs.

    Labels and patients come from `pattern`, from the layout of a known set, or are unknown.

    Raises:
        HemapipeError: no such path, no archive, no image in it, or a pattern that fits no path.
    """
    with TemporaryDirectory(prefix="hemapipe-audit-") as temporary:
        work = Path(temporary)
        raw = _raw(path, work)
        manifest = _manifest(path, raw, pattern, n_jobs)
        rows = manifest[manifest["status"] != "unreadable"]
        packed, embedding = _packed(raw, rows, work, n_jobs)
        ties, near_repeats = _ties(rows, packed, embedding, n_jobs)
        groups = build_groups(manifest, GROUP_BY, ties)
        yield Inputs(raw, manifest, groups, ties, near_repeats, packed, embedding, work)


def describe(path: Path, names: list[str], raw: Path, pattern: str) -> pd.DataFrame:
    """Return the source's description of the image files `names` (see `sources`), blank where nothing is known."""
    is_list = path.suffix.lower() == ".csv"
    source = "folder" if pattern or is_list else recognise(path)
    pattern = pattern or _known_pattern(names)
    if source == "folder" and not pattern and not is_list:
        return pd.DataFrame({name: names if name == "path" else "" for name in base.COLUMNS})
    module = sources.load(source)
    values = {"archive": path.name} | ({"pattern": pattern or "{label}"} if source == "folder" else {})
    with archive.open_zip(raw) as opened:
        return module.describe(names, opened, _checked(module.Params, values))


def _checked(params: type, values: dict[str, str]) -> object:
    try:
        return params(**values)
    except ValueError as error:  # pydantic's: the pattern's own words are in its last part
        raise HemapipeError(f"--pattern {values.get('pattern')!r}: {str(error).splitlines()[2].strip()}") from error


def _raw(path: Path, work: Path) -> Path:
    """Return the archive itself, or one packed from a folder or a list."""
    if path.is_file() and path.suffix.lower() == ".csv":
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


def _manifest(path: Path, raw: Path, pattern: str, n_jobs: int) -> pd.DataFrame:
    listing = list_images(raw)
    checks.require_images(listing, raw)
    described = describe(path, list(listing.images), raw, pattern)
    listing = keep(listing, described["path"])
    checks.require_images(listing, raw)
    files = pd.DataFrame([asdict(record) for record in read_all(raw, listing, n_jobs)])
    return assemble(described, files)


def _packed(raw: Path, rows: pd.DataFrame, work: Path, n_jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the packed images and their features, empty where no file can be decoded."""
    if rows.empty:
        return np.empty((0, FEATURES.px, FEATURES.px, 3), np.uint8), np.empty((0, 0), np.float32)
    plain = frozenset(rows.loc[(rows["status"] == "ok") & (rows["note"] == ""), "path"])
    how = PreprocessParams(px=[FEATURES.px], shape="stretch", contrast="none", stain="none")
    pack(raw, rows["path"].to_list(), work / "packed.npy", FEATURES.px, how, n_jobs, plain)
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
