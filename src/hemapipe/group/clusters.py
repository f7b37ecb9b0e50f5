"""What counts as one piece of evidence, for intervals and tests: a group, and the session where one is known."""

from __future__ import annotations

import pandas as pd

from hemapipe.group.components import components


def clusters(groups: pd.DataFrame, ties: pd.DataFrame) -> pd.DataFrame:
    """Return `image_id, group`, the rows of `groups` with groups joined that share a session of `ties`.

    Sessions exist where patients are unknown. Neighbours in capture order are then no independent evidence, even if
    `group.by` lets a split cut sessions. A cluster is called after its first group; without sessions all stays.
    """
    session = groups["image_id"].map(ties.set_index("image_id")["session"]).fillna("")
    component = components(groups.assign(session=session), ["group", "session"])
    return groups.assign(group=groups["group"].groupby(component).transform("min"))
