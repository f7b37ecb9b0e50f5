"""C-NMC 2019: single cells on black, leukemic (all) or normal (hem), with subjects and official folds.

Both layouts in circulation are read: `C-NMC_Leukemia/{training,validation,testing}_data/…` (Kaggle) and
`C-NMC_training_data/fold_n/…` beside `C-NMC_test_{prelim,final}_phase_data` (TCIA). What a path does not tell
comes from the labels table of the preliminary test. Subjects compare without case (`h3` is `H3`); the leukemic
subject `3` and the normal subject `H3` are two people.
"""

from __future__ import annotations

import csv
import functools
import io
import lzma
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from hemapipe import archive as archives
from hemapipe.core.errors import HemapipeError
from hemapipe.sources import base

NAME = "cnmc"
TITLE = "C-NMC 2019, classification of normal and malignant cells (ISBI challenge, SBILab)"
LICENCE = "CC BY 3.0, as stated by the publisher; check it there before use"
HOMEPAGE = "https://www.kaggle.com/datasets/andrewmvd/leukemia-classification"
CITATION = (
    "Gupta A, Gupta R. ALL Challenge dataset of ISBI 2019 (C-NMC 2019). The Cancer Imaging Archive, 2019. "
    "doi:10.7937/tcia.2019.dc64i46r"
)
#: Training folds and preliminary test; the labels of the final test (2,586 cells) are withheld.
EXPECTED = {"all": 7272 + 1219, "hem": 3389 + 648}
KAGGLE = "andrewmvd/leukemia-classification"
HUGGING_FACE = {"train": "dwb2023/cnmc-leukemia-2019", "test": "dwb2023/cnmc-leukemia-2019-test"}

_FOLD = re.compile(r"fold_(?P<fold>[012])/(?P<label>all|hem)/[^/]+$", re.IGNORECASE)
_MIRROR = re.compile(r"huggingface_(?P<split>train|test)/[^/]+$")
_UID = re.compile(r"UID_(?P<subject>H?\d+)_\d+_\d+_(?P<label>all|hem)\b", re.IGNORECASE)
_LABELS = "test_prelim_phase_data_labels.csv"


class Params(base.ArchiveParams):
    """`download.cnmc`."""


class Prelim(NamedTuple):
    """A row of the preliminary test's table: the original file name and the label."""

    original: str
    label: str


def fetch(params: Params, seed: int, n_jobs: int, data_dir: Path | None, out: Path) -> None:
    """Write the archive to `out`: from `data_dir`, Kaggle or Hugging Face; see `base.fetch` for the errors."""
    base.fetch(params, data_dir, out, HOMEPAGE, _download)


def describe(names: list[str], archive: zipfile.ZipFile, params: Params) -> pd.DataFrame:
    """Return `base.COLUMNS`, note and person; `official` is fold_0, fold_1, fold_2, test (preliminary) or final.

    Raises:
        HemapipeError: the labels table of the preliminary test lacks a column or holds other labels than 0 and 1.
    """
    prelim = _read_prelim(archive)
    table = pd.DataFrame([_row(name, prelim) for name in names], columns=[*base.COLUMNS, "note"])
    return table.assign(person=table["patient"].map(_persons()).fillna(""))


def verify(files: pd.DataFrame) -> tuple[dict[str, int], list[str]]:
    """Compare files (`path`, `file_sha256`) with the published archive; return counts, and a warning if any differs."""
    published = published_hashes()
    found = {_key(path): digest for path, digest in zip(files["path"], files["file_sha256"], strict=True)}
    unknown = set(found) - set(published)
    differing = sorted(key for key in set(found) - unknown if found[key] != published[key])
    counts = {
        "n_hash_matching": len(found) - len(unknown) - len(differing),
        "n_hash_differing": len(differing),
        "n_hash_unknown": len(unknown),
        "n_hash_absent": len(set(published) - set(found)),
    }
    shown = ", ".join(differing[:5])
    return counts, [f"{len(differing)} files differ from the published ones: {shown}"] if differing else []


def shared_subjects(hashes: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of subjects who share identical files, from the columns `sha256` and `path` of `hashes`.

    The columns are `subject, other, n_shared` (different contents), `path, other_path` (an example) and `person`, one
    name for all who hang together: `51+75+78`. Files that bear no subject (preliminary and final test) say nothing.
    """
    padded = hashes["path"].str.extract(_UID)["subject"].str.upper().str.zfill(8)  # so that H3 comes before H10
    known = hashes.assign(subject=padded).dropna(subset="subject").sort_values("path")
    known = known.drop_duplicates(["sha256", "subject"])
    pairs = known.merge(known, on="sha256", suffixes=("", "_other")).query("subject < subject_other")
    found = pairs.sort_values("path").groupby(["subject", "subject_other"], as_index=False)
    table = found.agg(n_shared=("path", "size"), path=("path", "first"), other_path=("path_other", "first"))
    together = {name: {name} for name in [*table["subject"], *table["subject_other"]]}
    for one, other in zip(table["subject"], table["subject_other"], strict=True):
        together |= dict.fromkeys(together[one] | together[other], together[one] | together[other])
    table["person"] = ["+".join(name.lstrip("0") for name in sorted(together[one])) for one in table["subject"]]
    table[["subject", "subject_other"]] = table[["subject", "subject_other"]].apply(lambda names: names.str.lstrip("0"))
    return table.rename(columns={"subject_other": "other"})


@functools.lru_cache
def _persons() -> dict[str, str]:
    """Return subject → person of the subjects who share files in the published archive."""
    shared = shared_subjects(pd.DataFrame(_published()))
    return {name: person for person in shared["person"] for name in person.split("+")}


def published_hashes() -> dict[str, str]:
    """Return part/file name → SHA-256 of all 15,114 images of the published archive."""
    return {_key(row["path"]): row["sha256"] for row in _published()}


def _published() -> list[dict[str, str]]:
    packed = resources.files("hemapipe.sources").joinpath("data", "cnmc_sha256.csv.xz").read_bytes()
    return list(csv.DictReader(io.StringIO(lzma.decompress(packed).decode())))


def _key(path: str) -> str:
    """Name a file the same in every layout: its official part and its own name."""
    return f"{_official(path)}/{path.rsplit('/', 1)[-1]}".lower()


def _official(path: str) -> str:
    fold, mirror = _FOLD.search(path), _MIRROR.search(path)
    if fold:
        return f"fold_{fold['fold']}"
    if mirror:
        return "test" if mirror["split"] == "test" else ""
    return "test" if "test_prelim_phase_data" in path else "final" if "test_final_phase_data" in path else ""


def _row(path: str, prelim: dict[str, Prelim]) -> tuple[str, ...]:
    """Describe one file; a label in the folder, the table and the file name must agree, or the note says so."""
    official, name = _official(path), path.rsplit("/", 1)[-1]
    fold = _FOLD.search(path)
    told = fold["label"].lower() if fold else ""
    note = ""
    if official == "test" and not _MIRROR.search(path):
        name, told = prelim.get(name, Prelim("", ""))
        note = "" if name else "not in the labels table of the preliminary test"
    uid = _UID.search(name)
    if official == "final":
        note = "final test: label withheld"
    elif not official and not uid:
        note = "outside the folders of C-NMC: takes no label"
    elif uid and told and uid["label"].lower() != told:
        note = f"file name says {uid['label'].lower()}"
    label = told or (uid["label"].lower() if uid else "")
    return path, label, uid["subject"].upper() if uid else "", "", official, note


def _read_prelim(archive: zipfile.ZipFile) -> dict[str, Prelim]:
    """Read the table of the preliminary test: name in the archive → original name and label; {} where there is none."""
    tables = sorted(name for name in archive.namelist() if name.endswith(_LABELS) and "__MACOSX" not in name)
    if not tables:
        return {}
    table = pd.read_csv(io.BytesIO(archives.read(archive, tables[0])), dtype=str, keep_default_na=False)
    if not {"Patient_ID", "new_names", "labels"} <= set(table) or not set(table["labels"]) <= {"0", "1"}:
        raise HemapipeError(f"{tables[0]}: expected the columns Patient_ID, new_names, labels, and labels 0 or 1")
    rows = zip(table["new_names"], table["Patient_ID"], table["labels"], strict=True)
    return {new: Prelim(old, "all" if label == "1" else "hem") for new, old, label in rows}


def _download(out: Path) -> None:
    try:
        base.kaggle(KAGGLE, out)
    except Exception as error:  # whatever a hub client raises: the other hub is tried, and its error shown
        print(f"Kaggle: {type(error).__name__}; trying Hugging Face")
        _hugging_face(out)


def _hugging_face(out: Path) -> None:
    """Download the parquet copy and write its images under their published paths where the name is known."""
    from huggingface_hub import snapshot_download  # network clients load only when they are needed

    folders = {
        split: Path(snapshot_download(repo, repo_type="dataset", allow_patterns="data/*.parquet"))
        for split, repo in HUGGING_FACE.items()
    }
    pack_parquet(folders, out)


def pack_parquet(folders: dict[str, Path], out: Path) -> None:
    """Write the images of parquet files (columns `image.bytes`, `original_image_name`) as one zip."""
    import pyarrow.parquet as pq

    paths = [row["path"] for row in _published() if _FOLD.search(row["path"])]
    published = {path.rsplit("/", 1)[-1].lower(): path for path in paths}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for split, folder in folders.items():
            for file in sorted(folder.rglob("*.parquet")):
                for batch in pq.ParquetFile(file).iter_batches(64, columns=["image", "original_image_name"]):
                    for row in batch.to_pylist():
                        name = Path(row["original_image_name"]).name
                        path = published.get(name.lower(), f"C-NMC_Leukemia/huggingface_{split}/{name}")
                        content = (row["image"] or {}).get("bytes") or b""
                        archive.writestr(archives.plain_entry(path), content, zipfile.ZIP_DEFLATED)
