"""The split to believe where the one asked for is by image: the other side of the price of leaking."""

from __future__ import annotations

import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.split.assign import split
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


def honest_split(
    manifest: pd.DataFrame, groups: pd.DataFrame, params: SplitParams, seed: int, ties: pd.DataFrame | None = None
) -> tuple[SplitParams, pd.DataFrame]:
    """Return the split of `honest_params` with as many folds as can be made, and the params it was made with.

    At most `params.n_folds`, at least two.

    Raises:
        HemapipeError: not even two folds are possible; the message says why.
    """
    honest = honest_params(manifest, params)
    reason = "a comparison needs two folds: n_folds is 1"
    for n_folds in range(params.n_folds, 1, -1):
        fewer = honest.model_copy(update={"n_folds": n_folds})
        try:
            return fewer, split(manifest, groups, fewer, seed, ties)[0]
        except HemapipeError as error:
            reason = str(error)
    raise HemapipeError(reason)
