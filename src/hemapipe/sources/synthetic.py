"""Synthetic peripheral-blood fields: generated here, with known truth; see docs/data/synthetic.md."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd

from hemapipe.smear.archive import generate
from hemapipe.smear.params import SyntheticParams
from hemapipe.sources import base

NAME = "synthetic"
TITLE = "Synthetic peripheral-blood fields (drawn, not photographed)"
LICENCE = "MIT, as this repository"
HOMEPAGE = "docs/data/synthetic.md"
CITATION = "hemapipe; drawn by hemapipe.smear"
EXPECTED = None

Params = SyntheticParams

_PATH = re.compile(r"images/(?P<patient>[^/]+)/(?P<label>[^/]+)/(?P=patient)-(?P<sequence>\d+)\.jpg")


def fetch(params: SyntheticParams, seed: int, n_jobs: int, data_dir: Path | None, out: Path) -> None:
    """Generate the archive at `out`; nothing is looked for in `data_dir`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    generate(params, seed, out, n_jobs)


def describe(names: list[str], archive: zipfile.ZipFile, params: SyntheticParams) -> pd.DataFrame:
    """Return `base.COLUMNS`, a row per image; the truth beside the images is not part of the collection."""
    matches = [match for match in map(_PATH.fullmatch, sorted(names)) if match]
    rows = [(match[0], match["label"], match["patient"], match["sequence"], "") for match in matches]
    return pd.DataFrame(rows, columns=base.COLUMNS)
