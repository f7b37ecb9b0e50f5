"""From the columns of a prediction table to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.core.errors import HemapipeError

Floats = npt.NDArray[np.float64]


def probabilities(rows: pd.DataFrame, class_names: Sequence[str]) -> Floats:
    """Return the p_ columns (n, k) in the order of `class_names`, each row divided by its sum (files hold 7 digits).

    Raises:
        HemapipeError: columns that are not these classes, or values that are no probabilities.
    """
    found = [column[2:] for column in rows.columns if column.startswith("p_")]
    require(set(found) == set(class_names), f"predicted classes {sorted(found)} are not the manifest's {class_names}")
    p = rows[[f"p_{name}" for name in class_names]].to_numpy(np.float64)
    require(bool(np.isfinite(p).all() and (p >= 0).all()), "a probability is negative or not a number")
    total = p.sum(axis=1, keepdims=True)
    require(bool(np.allclose(total, 1, atol=1e-3)), "the probabilities of a row do not sum to 1")
    return p / total


def calibrated(p: Floats, fold: npt.NDArray[np.int64], calibration: dict[str, Any]) -> Floats:
    """Return `p` (n, k) after the temperature of each row's fold.

    Raises:
        HemapipeError: a fold without a temperature.
    """
    known = calibration.get("folds", {})
    missing = sorted({str(one) for one in fold} - set(known))
    require(not missing, f"no temperature for fold {', '.join(missing)}")
    return apply_temperature(p, np.array([known[str(one)]["temperature"] for one in fold], float))


def require(holds: bool, complaint: str) -> None:
    """Raise a HemapipeError with the complaint unless it `holds`."""
    if not holds:
        raise HemapipeError(f"{complaint}: `dvc repro` remakes predictions, calibration, manifest and groups together")
