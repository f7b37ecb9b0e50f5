"""A small packed array, its manifest and a plan with variants."""

import numpy as np
import pandas as pd
import pytest

from hemapipe.core.tables import MANIFEST, OPS

_NEUTRAL = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.0, "crop_y": 0.0}


@pytest.fixture(scope="session")
def packed() -> np.ndarray:
    """Seven smooth colour images of 32 px."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture
def manifest() -> pd.DataFrame:
    """Eight files, the third of which no decoder opens."""
    rows = [{"image_id": f"i{n}", "label": "ab"[n % 2], "status": "unreadable" if n == 2 else "ok"} for n in range(8)]
    return pd.DataFrame(rows).reindex(columns=MANIFEST, fill_value="")


@pytest.fixture
def augment() -> pd.DataFrame:
    """Two folds; i0 has variants 1 and 2 in both, i4 has variant 1 in the second, listed before i0's."""
    rows = []
    for fold in (0, 1):
        rows += [(f"i{n}", 0, fold) for n in range(8) if n != 2]
        rows += [("i4", 1, 1)] if fold else []
        rows += [("i0", 2, fold), ("i0", 1, fold)]
    table = pd.DataFrame(rows, columns=["image_id", "variant", "fold"]).assign(role="train", inner=-1, **_NEUTRAL)
    table["sample_id"] = table["image_id"] + "+" + table["variant"].astype(str)
    table.loc[table["variant"] == 1, "flip"] = 1
    table.loc[table["variant"] == 2, "turns"] = 2
    assert set(OPS) <= set(table)
    return table
