"""Small collections for the tests of the audit: tables without files, and generated fields."""

import numpy as np
import pandas as pd

from hemapipe.audit.inputs import Inputs
from hemapipe.core.tables import MANIFEST, NEAR_REPEATS, SPLITS, TIES
from hemapipe.group.components import build_groups
from hemapipe.smear.archive import generate
from hemapipe.smear.params import SyntheticParams


def manifest_of(rows):
    """Return a manifest from dictionaries; what is not given is a whole, unlike file of 8 x 8 pixels."""
    table = pd.DataFrame(
        [
            {"image_id": f"i{n:03d}", "path": f"i{n:03d}.png", "sha256": f"s{n}", "status": "ok", "conflict": False}
            | {"width": 8, "height": 8}
            | row
            for n, row in enumerate(rows)
        ]
    )
    return table.reindex(columns=MANIFEST, fill_value="").fillna("")


def inputs_of(rows, tmp_path, packed=None, embedding=None, near=(), splits=None, by=("patient", "repeat")):
    """Return Inputs around a table of `rows` (see `manifest_of`); `near` are pairs of image_ids."""
    manifest = manifest_of(rows)
    n = int((manifest["status"] != "unreadable").sum())
    pairs = pd.DataFrame([(*pair, 0.99, 0.9, "mirror") for pair in near], columns=NEAR_REPEATS)
    ties = pd.DataFrame({"image_id": manifest["image_id"], "near_repeat": "", "session": ""}, columns=TIES)
    return Inputs(
        raw=tmp_path / "raw.zip",
        manifest=manifest,
        groups=build_groups(manifest, by, ties),
        ties=ties,
        near_repeats=pairs,
        packed=np.zeros((n, 8, 8, 3), np.uint8) if packed is None else packed,
        embedding=np.zeros((n, 2), np.float32) if embedding is None else embedding,
        work=tmp_path,
        splits=pd.DataFrame(columns=SPLITS) if splits is None else pd.DataFrame(splits, columns=SPLITS),
    )


def people(n_each, classes="ab", images=4):
    """Return rows of `n_each` patients per class with `images` images each."""
    return [
        {"label": label, "patient": f"{label}{number}"}
        for label in classes
        for number in range(n_each)
        for _ in range(images)
    ]


def fields(path, **params):
    """Generate an archive at `path`: 2 classes, 16 patients, 96 fields of 64 px, no faults but those asked for."""
    faults = dict.fromkeys(("exact_repeats", "near_repeats", "conflicts", "truncated", "unreadable"), 0)
    plain = {f"n_{name}": count for name, count in faults.items()}
    shares = {"benign": 0.5, "pro": 0.5}
    settings = {"n_patients": 16, "n_images": 96, "px": 64, "class_shares": shares, **plain, **params}
    generate(SyntheticParams(**settings), 3, path)
    return path
