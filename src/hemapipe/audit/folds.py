"""The honest folds that the probes are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hemapipe.audit.inputs import Inputs
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import persons
from hemapipe.split.honest import honest_split
from hemapipe.split.params import SplitParams

_SINGLE = "single images: neither patients nor an order are known"
#: Below this share of images with a patient or a session, what is kept apart is single images.
_KNOWN = 0.5


@dataclass(frozen=True)
class Folds:
    """Rows (of the packed array) to train and to test on, a pair per fold.

    `words` describes the split; `left_out` names the classes that cannot be on both sides of any honest split;
    `single` says that for want of patients and of an order only copies are kept apart: an image may be tested on a
    patient seen in training.
    """

    pairs: list[tuple[np.ndarray, np.ndarray]]
    words: str
    left_out: list[str]
    single: bool = False

    @property
    def tested(self) -> np.ndarray:
        """The rows that are tested, each once, in order."""
        return np.sort(np.concatenate([test for _, test in self.pairs]))


def honest_folds(inputs: Inputs, n_folds: int, seed: int) -> Folds:
    """Return up to `n_folds` folds in which no patient, repeat, near repeat or session is trained and tested on.

    Fewer folds where a class has fewer groups; a class of one group is left out.

    Raises:
        HemapipeError: there are no two classes that an honest split can test; the message says why.
    """
    rows = inputs.rows
    n_groups = rows[rows["label"] != ""].groupby("label")["group"].nunique()
    if len(n_groups) < 2:
        raise HemapipeError(f"only one class is known ({n_groups.index[0]})" if len(n_groups) else "no label is known")
    left_out = sorted(map(str, n_groups.index[n_groups < 2]))
    if (n_groups >= 2).sum() < 2:
        raise HemapipeError("fewer than two classes have two groups each")
    labels = inputs.manifest["label"]
    manifest = inputs.manifest.assign(label=labels.where(~labels.isin(left_out), ""))
    everything = SplitParams(
        scheme="image", n_folds=n_folds, test_frac=0.2, val_frac=0, embargo=0, n_inner=0,
        drop=["duplicate", "conflict", "truncated"],
    )  # fmt: skip
    try:
        made, table = honest_split(manifest, inputs.groups, everything, seed, inputs.ties)
    except HemapipeError as error:  # its advice is for params.yaml
        raise HemapipeError("no two folds keep groups apart and have every class on both sides") from error
    parts = [part for _, part in table.groupby("fold")]
    pairs = [(_rows(inputs, part, "train"), _rows(inputs, part, "test")) for part in parts]
    single = made.scheme == "group" and _share_known(inputs, np.concatenate([test for _, test in pairs])) < _KNOWN
    what = _SINGLE if single else _words(made, inputs.numbered)
    without = f"; without {', '.join(left_out)} (one group)" if left_out else ""
    return Folds(pairs, f"{what}, {made.n_folds} folds{without}", left_out, single)


def _words(made: SplitParams, numbered: bool) -> str:
    if made.scheme == "group":
        return "whole groups"
    order = "file numbers, which stand in for capture order" if numbered else "capture order"
    return f"blocks of {order}, an embargo of {made.embargo} images"


def _share_known(inputs: Inputs, tested: np.ndarray) -> float:
    """Return the share of the tested images that have a patient or a session."""
    rows = inputs.rows.iloc[tested]
    session = rows["image_id"].map(inputs.ties.set_index("image_id")["session"])
    return float(((persons(rows) != "") | (session.fillna("") != "")).mean())


def _rows(inputs: Inputs, table: pd.DataFrame, role: str) -> np.ndarray:
    chosen = table.loc[table["role"] == role, "image_id"]
    return np.sort(chosen.map(inputs.row_of).to_numpy(int))
