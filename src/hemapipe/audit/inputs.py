"""What the audit looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe.core.tables import SPLITS, persons


@dataclass(frozen=True)
class Inputs:
    """One collection; the rows of `packed` and `embedding` are the decodable rows of `manifest`, in its order.

    Attributes:
        raw: the archive (zip).
        manifest, groups, ties, near_repeats, splits: as in core.tables; `splits` is empty where none was made yet.
        packed: (n, px, px, 3) uint8.
        embedding: (n, d) features of a frozen network.
        work: a folder for large intermediate arrays.
        numbered: whether `sequence` is the number that ends the file name, a stand-in for the order of capture.
        empty_classes: labels that have a folder but no image in it.
    """

    raw: Path
    manifest: pd.DataFrame
    groups: pd.DataFrame
    ties: pd.DataFrame
    near_repeats: pd.DataFrame
    packed: np.ndarray
    embedding: np.ndarray
    work: Path
    splits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SPLITS))
    numbered: bool = False
    empty_classes: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The decodable rows of the manifest, with `group`, index 0..n-1: a row per packed image."""
        rows = self.manifest[self.manifest["status"] != "unreadable"].reset_index(drop=True)
        return rows.assign(group=rows["image_id"].map(self.groups.set_index("image_id")["group"]))

    @cached_property
    def path_of(self) -> dict[str, str]:
        """The path of every image_id."""
        return dict(zip(self.manifest["image_id"], self.manifest["path"], strict=True))

    @cached_property
    def label_of(self) -> dict[str, str]:
        """The label of every image_id, '' where unknown."""
        return dict(zip(self.manifest["image_id"], self.manifest["label"], strict=True))

    @cached_property
    def patient_of(self) -> dict[str, str]:
        """The patient (the person, where several numbers are one) of every image_id, '' where unknown."""
        return dict(zip(self.manifest["image_id"], persons(self.manifest), strict=True))

    @property
    def n_patients(self) -> int:
        """The number of known patients."""
        return len(set(self.patient_of.values()) - {""})

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The packed row of every decodable image_id."""
        return {image: row for row, image in enumerate(self.rows["image_id"])}
