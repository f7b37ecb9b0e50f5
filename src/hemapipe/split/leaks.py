"""What test images share with training or validation images of the same fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Metric → the column whose equal values ('' aside) make two images siblings.
SHARED = {"leak_patients": "patient", "leak_repeats": "sha256", "leak_groups": "group"}


def sharing(rows: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    """Return the mask of the rows that share patient, pixels or group with a chosen row (itself included)."""
    return np.logical_or.reduce([_shares(rows[column], chosen) for column in SHARED.values()])


def count_leaks(rows: pd.DataFrame, roles: np.ndarray) -> dict[str, int]:
    """Count the test rows of one fold that share each kind of tie with a training or validation row."""
    seen = np.isin(roles, ["train", "val"])
    test = roles == "test"
    return {name: int((_shares(rows[column], seen) & test).sum()) for name, column in SHARED.items()}


def _shares(values: pd.Series, chosen: np.ndarray) -> np.ndarray:
    return (values.isin(set(values[chosen])) & (values != "")).to_numpy()
