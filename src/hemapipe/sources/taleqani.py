"""Taleqani ALL: fields of peripheral blood in four classes, from 89 patients who are not told apart.

File numbers follow the order of capture within a class; that order is the only stand-in for a patient.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd

from hemapipe.sources import base

NAME = "taleqani"
TITLE = "Taleqani hospital, acute lymphoblastic leukemia (Aria et al. 2021)"
LICENCE = "as stated on Kaggle; check it there before use"
HOMEPAGE = "https://www.kaggle.com/datasets/mehradaria/leukemia"
CITATION = (
    "Aria M, Ghaderzadeh M, Bashash D, Abolghasemi H, Asadi F, Hosseini A. Acute Lymphoblastic Leukemia (ALL) image "
    "dataset. Kaggle, 2021. doi:10.34740/KAGGLE/DSV/2175623"
)
EXPECTED = {"benign": 504, "early": 985, "pre": 963, "pro": 804}
KAGGLE = "mehradaria/leukemia"

_PATH = re.compile(r"(?:^|/)Original/(?P<label>Benign|Early|Pre|Pro)/[^/]*?(?P<number>\d+)\.\w+$", re.IGNORECASE)
_SEGMENTED = re.compile(r"(?:^|/)Segmented/", re.IGNORECASE)


class Params(base.ArchiveParams):
    """`download.taleqani`."""


def fetch(params: Params, seed: int, n_jobs: int, data_dir: Path | None, out: Path) -> None:
    """Write the archive to `out`, from `data_dir` or from Kaggle; see `base.fetch` for the errors."""
    base.fetch(params, data_dir, out, HOMEPAGE, lambda path: base.kaggle(KAGGLE, path))


def describe(names: list[str], archive: zipfile.ZipFile, params: Params) -> pd.DataFrame:
    """Return `base.COLUMNS` and a note; `sequence` is the file number, the order of capture within its class."""
    return pd.DataFrame([_row(name) for name in names], columns=[*base.COLUMNS, "note"])


def _row(name: str) -> tuple[str, ...]:
    match = _PATH.search(name)
    if match:
        return name, match["label"].lower(), "", match["number"], "", ""
    segmented = "segmented twin of an original" if _SEGMENTED.search(name) else "outside Original/<Class>"
    return name, "", "", "", "", f"{segmented}: takes no label"
