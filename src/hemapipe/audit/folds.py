"""The honest folds that the probes are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hemapipe.audit.inputs import Inputs
from hemapipe.core.errors import HemapipeError
from hemapipe.split.honest import honest_split
from hemapipe.split.params import SplitParams

_WORDS = {"group": "whole groups", "contiguous": "blocks of capture order, an embargo of {embargo} images"}


@dataclass(frozen=True)
class Folds:
    """Rows (of the packed array) to train and to test on, a pair per fold.

    `words` describes the split; `left_out` names the classes that cannot be on both sides of any honest split.
    """

    pairs: list[tuple[np.ndarray, np.ndarray]]
    words: str
    left_out: list[str]

    @property
    def tested(self) -> np.ndarray:
        """The rows that are tested, each once, in order."""
        return np.sort(np.concatenate([test for _, test in self.pairs]))


def honest_folds(inputs: Inputs, n_folds: int, seed: int) -> Folds | None:
    """Return up to `n_folds` folds in which no patient, repeat, near repeat or session is trained and tested on.

    Fewer folds where a class has fewer groups; None where fewer than two classes have two groups.
    """
    rows = inputs.rows
    n_groups = rows[rows["label"] != ""].groupby("label")["group"].nunique()
    left_out = sorted(n_groups.index[n_groups < 2])
    if (n_groups >= 2).sum() < 2:
        return None
    manifest = inputs.manifest.assign(
        label=inputs.manifest["label"].where(~inputs.manifest["label"].isin(left_out), "")
    )
    everything = SplitParams(
        scheme="image", n_folds=n_folds, test_frac=0.2, val_frac=0, embargo=0, n_inner=0,
        drop=["duplicate", "conflict", "truncated"],
    )  # fmt: skip
    try:
        made, table = honest_split(manifest, inputs.groups, everything, seed, inputs.ties)
    except HemapipeError:  # two folds are too many
        return None
    words = _WORDS[made.scheme].format(embargo=made.embargo)
    parts = [part for _, part in table.groupby("fold")]
    pairs = [(_rows(inputs, part, "train"), _rows(inputs, part, "test")) for part in parts]
    return Folds(pairs, f"{words}, {made.n_folds} folds", left_out)


def _rows(inputs: Inputs, table: pd.DataFrame, role: str) -> np.ndarray:
    chosen = table.loc[table["role"] == role, "image_id"]
    return np.sort(chosen.map(inputs.row_of).to_numpy(int))
