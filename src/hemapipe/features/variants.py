"""The planned variants as images: transformed when they are asked for, so that none are stored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.augment.transform import apply
from hemapipe.core.tables import OPS, packed_rows
from hemapipe.features.store import planned_variants


class VariantImages:
    """The images of `planned_variants(augment)`, in its order; slices give (n, px, px, 3), uint8 RGB."""

    def __init__(self, packed: np.ndarray, manifest: pd.DataFrame, augment: pd.DataFrame) -> None:
        """Look up the packed row of each planned variant; `packed` may be a memory map."""
        plan = planned_variants(augment)
        self._packed = packed
        self._rows = plan["image_id"].map(packed_rows(manifest)).to_numpy(np.int64)
        self._ops = [dict(zip(OPS, values, strict=True)) for values in plan[OPS].to_numpy()]

    def __len__(self) -> int:
        """Return the number of variants."""
        return len(self._rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """Return the transformed images of a slice."""
        pairs = zip(self._rows[rows], self._ops[rows], strict=True)
        return np.stack([apply(self._packed[row], ops) for row, ops in pairs])
