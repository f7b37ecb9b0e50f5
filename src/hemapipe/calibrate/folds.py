"""The temperature of every fold of a model, from its validation rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.calibrate.temperature import apply_temperature, fit_temperature, negative_log_likelihood
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import classes

NO_VALIDATION = "no validation rows: probabilities are left as they are"


def calibrate(predictions: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, Any]:
    """Return `{"folds": {fold: {temperature, n_val, nll_before, nll_after}}}`; labels of other roles are not looked at.

    A fold without validation rows gets the temperature 1 and a `note` in place of likelihoods.

    Raises:
        HemapipeError: the predictions lack a class of the manifest.
    """
    names = classes(manifest)
    missing = [name for name in names if f"p_{name}" not in predictions]
    if missing:
        raise HemapipeError(f"the predictions lack the classes {', '.join(missing)}: `dvc repro` trains again")
    val = predictions[predictions["role"] == "val"]
    labels = val["image_id"].map(manifest.set_index("image_id")["label"])
    p = val[[f"p_{name}" for name in names]].to_numpy(np.float64)
    y = np.searchsorted(names, labels.to_numpy(str))
    folds = sorted(predictions["fold"].unique().tolist())
    return {"folds": {str(fold): _one(p[of], y[of]) for fold in folds for of in [(val["fold"] == fold).to_numpy()]}}


def _one(p: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    if not len(y):
        return {"temperature": 1.0, "n_val": 0, "note": NO_VALIDATION}
    temperature = round(fit_temperature(p, y), 6)
    after = negative_log_likelihood(apply_temperature(p, temperature), y)
    before = negative_log_likelihood(p, y)
    return {"temperature": temperature, "n_val": len(y), "nll_before": before, "nll_after": after}
