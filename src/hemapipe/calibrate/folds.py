"""The temperature and the thresholds of every fold of a model, from its validation rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.calibrate import thresholds
from hemapipe.calibrate.params import CalibrateParams, positive_classes
from hemapipe.calibrate.temperature import apply_temperature, fit_temperature, negative_log_likelihood
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import classes

NO_VALIDATION = "no validation rows: probabilities are left as they are, and there are no thresholds"


def calibrate(predictions: pd.DataFrame, manifest: pd.DataFrame, params: CalibrateParams) -> dict[str, Any]:
    """Return `{"positive": […], "folds": {fold: {temperature, n_val, nll_before, nll_after, thresholds}}}`.

    `thresholds` holds `classes`, one decision for each class against the rest, and `screen`, the positive classes
    against the others, unless there are none (see `thresholds.fit`). Scores are calibrated probabilities. Labels of
    other roles are not looked at. A fold without validation rows gets the temperature 1 and a `note` instead.

    Raises:
        HemapipeError: the predictions lack a class of the manifest, or a positive class does not exist.
    """
    names = classes(manifest)
    positive = positive_classes(params.positive, names)
    missing = [name for name in names if f"p_{name}" not in predictions]
    if missing:
        raise HemapipeError(f"the predictions lack the classes {', '.join(missing)}: `dvc repro` trains again")
    val = predictions[predictions["role"] == "val"]
    labels = val["image_id"].map(manifest.set_index("image_id")["label"])
    p = val[[f"p_{name}" for name in names]].to_numpy(np.float64)
    y = np.searchsorted(names, labels.to_numpy(str))
    decided = [names.index(name) for name in positive]
    found = {}
    for fold in sorted(predictions["fold"].unique().tolist()):
        of = (val["fold"] == fold).to_numpy()
        found[str(fold)] = _one(p[of], y[of], names, decided, params)
    return {"positive": positive, "folds": found}


def _one(
    p: np.ndarray, y: np.ndarray, names: list[str], positive: list[int], params: CalibrateParams
) -> dict[str, Any]:
    if not len(y):
        return {"temperature": 1.0, "n_val": 0, "note": NO_VALIDATION, "thresholds": {"classes": {}}}
    temperature = round(fit_temperature(p, y), 6)
    calibrated = apply_temperature(p, temperature)
    fitted = {
        name: thresholds.fit(thresholds.score(calibrated, [index]), y == index, params)
        for index, name in enumerate(names)
    }
    screen = {"screen": thresholds.fit(thresholds.score(calibrated, positive), np.isin(y, positive), params)}
    return {
        "temperature": temperature,
        "n_val": len(y),
        "nll_before": negative_log_likelihood(p, y),
        "nll_after": negative_log_likelihood(calibrated, y),
        "thresholds": {"classes": fitted} | (screen if positive else {}),
    }
