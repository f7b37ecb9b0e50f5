"""The honest folds that the probes are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hemapipe.audit.inputs import Inputs
from hemapipe.core.errors import HemapipeError
from hemapipe.split.assign import split
from hemapipe.split.honest import honest_params
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
    honest = honest_params(manifest, everything)
    for params in _relaxed(honest, min(n_folds, int(n_groups[n_groups >= 2].min()))):
        try:
            table, _ = split(manifest, inputs.groups, params, seed, inputs.ties)
        except HemapipeError:
            continue  # too few units for so many folds
        words = _WORDS[params.scheme].format(embargo=params.embargo)
        parts = [part for _, part in table.groupby("fold")]
        pairs = [(_rows(inputs, part, "train"), _rows(inputs, part, "test")) for part in parts]
        return Folds(pairs, f"{words}, {params.n_folds} folds", left_out)
    return None


def _relaxed(params: SplitParams, most: int) -> list[SplitParams]:
    """Return the params with ever fewer folds, then by group, as long as nothing else is possible."""
    schemes = list(dict.fromkeys([params.scheme, "group"]))
    return [
        params.model_copy(update={"scheme": scheme, "n_folds": folds})
        for scheme in schemes
        for folds in range(most, 1, -1)
    ]


def _rows(inputs: Inputs, table: pd.DataFrame, role: str) -> np.ndarray:
    chosen = table.loc[table["role"] == role, "image_id"]
    return np.sort(chosen.map(inputs.row_of).to_numpy(int))
