"""The split to believe where the one asked for is by image: the other side of the price of leaking."""

from __future__ import annotations

import pandas as pd

from hemapipe.split.eligible import select
from hemapipe.split.params import SplitParams

#: Images left out on each side of a test block where params name none: Taleqani's 3,256 images are of 89 patients,
#: 37 each (Aria et al. 2021, see docs/data/taleqani.md).
EMBARGO = 37
#: At most this share of the smallest class is left out on each side, so that small sets keep something to train on.
_LARGEST_SHARE = 0.1


def honest_params(manifest: pd.DataFrame, params: SplitParams) -> SplitParams:
    """Return `params` with an honest scheme; one that is not `image` stays as it is.

    By group where any eligible image has a patient; else blocks of capture order with an embargo, where every eligible
    image has a sequence number; else by group, which still keeps equal pixels and near repeats together.
    """
    if params.scheme != "image":
        return params
    rows, _ = select(manifest, params.drop)
    in_order = len(rows) > 0 and bool(pd.to_numeric(rows["sequence"], errors="coerce").notna().all())
    if (rows["patient"] != "").any() or not in_order:
        return params.model_copy(update={"scheme": "group"})
    largest = int(_LARGEST_SHARE * rows["label"].value_counts().min())
    return params.model_copy(update={"scheme": "contiguous", "embargo": min(params.embargo or EMBARGO, largest)})
