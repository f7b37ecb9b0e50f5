"""The tables and the metrics of what ties images together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.core.tables import NEAR_REPEATS, TIES


def near_repeats(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return core.tables.NEAR_REPEATS: the pairs of `near.find` with the image_ids of `rows`, sorted."""
    ids = rows["image_id"].to_numpy()
    table = pairs.assign(image_id=ids[pairs["index_a"]], other_id=ids[pairs["index_b"]])
    return table.sort_values(["index_a", "index_b"])[NEAR_REPEATS].reset_index(drop=True)


def ties(rows: pd.DataFrame, near_repeat: np.ndarray, session: np.ndarray) -> pd.DataFrame:
    """Return core.tables.TIES, a row per decodable manifest row."""
    return pd.DataFrame({"image_id": rows["image_id"].to_numpy(), "near_repeat": near_repeat, "session": session})[TIES]


def metrics(rows: pd.DataFrame, pairs: pd.DataFrame, table: pd.DataFrame) -> dict[str, int]:
    """Return counts: pairs of near repeats (in all, and across labels and known patients), clusters, sessions."""
    tied = table["near_repeat"] != ""
    with_session = table["session"] != ""
    return {
        "n_near_repeats": len(pairs),
        "n_across_labels": _differing(rows["label"], pairs),
        "n_across_patients": _differing(rows["patient"], pairs),
        "n_clusters": int(table.loc[tied, "near_repeat"].nunique()),
        "n_images_tied": int(tied.sum()),
        "n_sessions": int(table.loc[with_session, "session"].nunique()),
        "n_images_with_session": int(with_session.sum()),
    }


def _differing(values: pd.Series, pairs: pd.DataFrame) -> int:
    first, second = (values.to_numpy()[pairs[name]] for name in ("index_a", "index_b"))
    return int(((first != second) & (first != "") & (second != "")).sum())
