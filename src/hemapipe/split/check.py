"""Hold a split file against what ties its images: what leaks, what is missing, who is tested how often."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import GROUPS, MANIFEST, TIES, read_table
from hemapipe.split.leaks import SHARED, shares, tied
from hemapipe.split.published import match, read_split

#: What is counted, in words → the column whose equal values make two images siblings.
KINDS = {
    "the same patient": SHARED["leak_patients"],
    "equal pixels": SHARED["leak_repeats"],
    "a near repeat": SHARED["leak_near_repeats"],
    "the same session": "session",
    "the same group": SHARED["leak_groups"],
}
_N_EXAMPLES = 3


class Leak(NamedTuple):
    """One kind of tie across roles, summed over the folds; examples are (path, role, path, role, fold)."""

    n_test: int
    n_val: int
    examples: list[tuple[str, str, str, str, str]]


class Report(NamedTuple):
    """What the check found. Lists hold paths of the manifest, `unknown` names of the split file."""

    n_rows: int
    n_folds: int
    n_images: int
    unknown: list[str]
    unreadable: list[str]
    missing: list[str]
    in_two_roles: list[str]
    listed_twice: list[str]
    leaks: dict[str, Leak]
    times_tested: dict[int, int]
    counts: pd.DataFrame

    @property
    def leaky(self) -> bool:
        """Whether a test image, or a sibling of one, is also trained or validated on in the same fold.

        A session is a stand-in for a patient: one that `group.by` lets a split cut is told, but is no leak. One that it
        keeps whole is a group, and cutting that is.
        """
        return any(leak.n_test for kind, leak in self.leaks.items() if KINDS[kind] != "session")


def check(table: pd.DataFrame, manifest: pd.DataFrame, groups: pd.DataFrame, ties: pd.DataFrame) -> Report:
    """Check a split `table` (image_id or path, role, and fold where there are several) of anybody's.

    Raises:
        HemapipeError: the table lacks a column or has roles we do not know, none of its images is in the manifest, or
            none of those that are is tested.
    """
    found = match(table, manifest)
    if not (found.rows["role"] == "test").any():
        raise HemapipeError("no row of the split file with the role test is in the manifest: there is nothing to check")
    path_of = manifest.set_index("image_id")["path"]
    usable = manifest[(manifest["status"] != "unreadable") & (manifest["label"] != "")]
    unreadable = set(manifest.loc[manifest["status"] == "unreadable", "image_id"])
    listed = set(found.rows["image_id"])
    live = found.rows[found.rows["role"] != "embargo"]
    n_roles = live.groupby(["fold", "image_id"])["role"].nunique()
    images = manifest[manifest["image_id"].isin(listed - unreadable)]
    rows = live.drop_duplicates().merge(tied(images, groups, ties), on="image_id")

    def paths(image_ids: set[str]) -> list[str]:
        return sorted(path_of[sorted(image_ids)])

    return Report(
        n_rows=len(table),
        n_folds=found.rows["fold"].nunique(),
        n_images=len(listed),
        unknown=found.unknown,
        unreadable=paths(listed & unreadable),
        missing=paths(set(usable["image_id"]) - listed),
        in_two_roles=paths(set(n_roles[n_roles > 1].reset_index()["image_id"])),
        listed_twice=paths(set(live.loc[live.duplicated(), "image_id"])),
        leaks={kind: _leak(rows, column) for kind, column in KINDS.items()},
        times_tested=_times_tested(live, usable),
        counts=rows.groupby(["fold", "role", "label"]).size().unstack(fill_value=0),
    )


def check_file(path: Path, data_dir: Path) -> Report:
    """Check the split file `path` against manifest.csv, groups.csv and ties.csv of a run's `data_dir`."""
    manifest = read_table(data_dir / "manifest.csv", MANIFEST)
    groups, ties = read_table(data_dir / "groups.csv", GROUPS), read_table(data_dir / "ties.csv", TIES)
    return check(read_split(path), manifest, groups, ties)


def _times_tested(live: pd.DataFrame, usable: pd.DataFrame) -> dict[int, int]:
    """Return number of folds in which an image is tested → number of usable images."""
    tested = live[live["role"] == "test"].drop_duplicates().groupby("image_id").size()
    times = usable["image_id"].map(tested).fillna(0).astype(int)
    numbers, counts = np.unique(times, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _leak(rows: pd.DataFrame, column: str) -> Leak:
    """Count test rows with a sibling that is trained or validated on, and validation rows with one in training."""
    n_test = n_val = 0
    examples: list[tuple[str, str, str, str, str]] = []
    for fold, part in rows.groupby("fold", sort=True):
        role = part["role"].to_numpy()
        seen = np.isin(role, ["train", "val"])
        tested = shares(part[column], seen) & (role == "test")
        validated = shares(part[column], role == "train") & (role == "val")
        n_test, n_val = n_test + int(tested.sum()), n_val + int(validated.sum())
        for mask, others in ((tested, seen), (validated, role == "train")):
            for row in part[mask].sort_values("path").head(_N_EXAMPLES).itertuples():
                sibling = part[others & (part[column] == getattr(row, column))].sort_values("path").iloc[0]
                examples.append((row.path, row.role, sibling["path"], sibling["role"], str(fold)))
    return Leak(n_test, n_val, examples[:_N_EXAMPLES])
