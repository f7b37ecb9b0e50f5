"""Which images are explained: test rows of fold 0, as many of each class, of as many patients as there are."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: The fold whose model is kept by default, and so the one that can be explained.
FOLD = 0


def held_out(samples: pd.DataFrame, manifest: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Return `image_id, row, label, group` of the original test images of fold 0, in the order of `samples`.

    `samples`: of `load_samples`. `drawn`: `image_id, group` as intervals draw them (`group.clusters`).
    """
    rows = samples[(samples["fold"] == FOLD) & (samples["role"] == "test") & (samples["variant"] == 0)]
    facts = manifest.set_index("image_id")["label"], drawn.set_index("image_id")["group"]
    rows = rows[["image_id", "row"]].join(facts[0], on="image_id").join(facts[1], on="image_id")
    return rows[rows["label"] != ""].reset_index(drop=True)


def choose(rows: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Return about `n` of the rows of `held_out`, an equal number of each class (at least one), sorted by class.

    Within a class a second image of a group comes only after the first of every other: intervals count groups.
    """
    rng = np.random.default_rng(seed)
    shuffled = rows.iloc[rng.permutation(len(rows))]
    turn = shuffled.groupby(["label", "group"]).cumcount()
    ordered = shuffled.assign(turn=turn).sort_values(["label", "turn"], kind="stable")
    each = max(1, n // max(1, rows["label"].nunique()))
    return ordered.groupby("label").head(each).drop(columns="turn").reset_index(drop=True)
