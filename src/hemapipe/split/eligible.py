"""Which images take part in training and testing, and why the others do not."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd


def select(manifest: pd.DataFrame, drop: Collection[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the eligible manifest rows, sorted by image_id, and flat counts of what was left out.

    Each row left out counts once, under the first reason that holds: unreadable, unlabelled, then as `drop` asks
    preliminary (the published test part, where a set has one), truncated, conflict (equal pixels under several labels:
    all of them go) and duplicate (of what remains, one image of each pixel content stays: the original if it is
    eligible, else the smallest image_id).
    """
    rows = manifest.sort_values("image_id", ignore_index=True)
    counts = {}
    for name, reason in (
        ("n_unreadable", rows["status"] == "unreadable"),
        ("n_unlabelled", rows["label"] == ""),
        ("n_dropped_preliminary", (rows["official"] == "test") & ("preliminary" in drop)),
        ("n_dropped_truncated", (rows["status"] == "truncated") & ("truncated" in drop)),
        ("n_dropped_conflict", rows["conflict"].astype(bool) & ("conflict" in drop)),
    ):
        left_out = reason.reindex(rows.index)
        counts[name] = int(left_out.sum())
        rows = rows[~left_out]
    repeated = _repeats(rows) if "duplicate" in drop else pd.Series(False, index=rows.index)
    counts["n_dropped_duplicate"] = int(repeated.sum())
    rows = rows[~repeated].reset_index(drop=True)
    return rows, {**counts, "n_eligible": len(rows), "n_without_patient": int((rows["patient"] == "").sum())}


def _repeats(rows: pd.DataFrame) -> pd.Series:
    originals_first = rows.assign(is_copy=rows["duplicate_of"] != "").sort_values(["is_copy", "image_id"])
    return originals_first.duplicated("sha256").reindex(rows.index)
