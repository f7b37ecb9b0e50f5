"""What leaking is worth: the score by image minus the honest one, over the same test images, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.evaluation.bootstrap import FEW_GROUPS, Floats, intervals
from hemapipe.evaluation.metrics import confusion_scorer
from hemapipe.leakage.facts import ARMS, MODELS


def price(
    calls: pd.DataFrame, labels: pd.Series, clusters: pd.Series, class_names: list[str], n_resamples: int, seed: int
) -> dict[str, float]:
    """Return flat `<model>_image`, `<model>_honest` (balanced accuracy) and `<model>_gap`, each with `_low`, `_high`.

    The difference is paired: both arms are scored on the same images under the same bootstrap weights, whole clusters
    drawn at a time. Six significant digits. `calls`: as `calls.call` returns them; `labels` and `clusters`: image_id →
    name; `class_names` in the order of the calls. Of no calls there are no scores.
    """
    if calls.empty:
        return {}
    y = np.searchsorted(class_names, labels.loc[calls["image_id"]].to_numpy(str)).astype(np.int64)
    names = [f"{model}_{arm}" for model in MODELS for arm in ARMS]
    scorers = {name: confusion_scorer(y, calls[name].to_numpy(np.int64), class_names) for name in names}

    def scorer(weights: Floats) -> dict[str, Floats]:
        found = {name: one(weights)["balanced_accuracy"] for name, one in scorers.items()}
        for model in MODELS:
            found[f"{model}_gap"] = found[f"{model}_image"] - found[f"{model}_honest"]
        return found

    drawn = clusters.loc[calls["image_id"]].to_numpy(str)
    values = {name: float(value[0]) for name, value in scorer(np.ones((1, len(calls)))).items()}
    for name, (low, high) in intervals(scorer, drawn, n_resamples, seed).items():
        values |= {f"{name}_low": low, f"{name}_high": high}
    rounded = {name: float(f"{value:.6g}") for name, value in values.items()}
    return rounded | {"few_groups": int(len(np.unique(drawn)) < FEW_GROUPS)}


def sentences(metrics: dict[str, Any]) -> list[str]:
    """Return the result as lines for a terminal."""
    lines = [
        f"{metrics[f'{model}_model']}: split by image {metrics[f'{model}_image']:.3f}, honest "
        f"{metrics[f'{model}_honest']:.3f}, gap {metrics[f'{model}_gap']:+.3f} "
        f"[{metrics[f'{model}_gap_low']:.3f}, {metrics[f'{model}_gap_high']:.3f}]"
        for model in MODELS
        if f"{model}_gap" in metrics
    ]
    return [*lines, *filter(None, [metrics["note"]])]


def to_table(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return a row per model and arm for the plot: model, metric, split, value, low, high, sd (none).

    `model` names the split too, as `dvc plots` draws a row per model. Empty where nothing could be compared.
    """
    rows = []
    for model in MODELS:
        for arm in ARMS:
            key = f"{model}_{arm}"
            if key in metrics:
                ends = {"value": metrics[key], "low": metrics[f"{key}_low"], "high": metrics[f"{key}_high"]}
                name = f"{model}, {'by image' if arm == 'image' else 'honest'}"
                rows.append({"model": name, "metric": "balanced_accuracy", "split": arm, **ends, "sd": ""})
    return pd.DataFrame(rows, columns=["model", "metric", "split", "value", "low", "high", "sd"])
