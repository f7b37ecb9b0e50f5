"""What counts as one piece of evidence, for intervals and tests: a group, and whatever ties groups together."""

from __future__ import annotations

import pandas as pd

from hemapipe.group.components import components, with_ties

_TIES = ["patient", "person", "sha256"]


def clusters(manifest: pd.DataFrame, groups: pd.DataFrame, ties: pd.DataFrame) -> pd.DataFrame:
    """Return `image_id, group`, the rows of `groups` with groups joined that share a patient, pixels, field or session.

    `group.by` says what a split keeps whole; what it may cut is no more independent evidence for that. A cluster is
    called after its first group; where `group.by` has every kind of tie there is, all stays.
    """
    known = manifest.set_index("image_id")[_TIES]
    rows = with_ties(groups.join(known, on="image_id"), ties)
    component = components(rows, ["group", *_TIES, "near_repeat", "session"])
    return groups.assign(group=groups["group"].groupby(component).transform("min"))
