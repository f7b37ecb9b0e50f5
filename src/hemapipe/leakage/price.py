"""What leaking is worth: the score by image minus the honest one, over the same test images, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.evaluation.bootstrap import (
    FEW_GROUPS,
    FEW_GROUPS_OF_A_CLASS,
    Floats,
    difference_limits,
    distributions,
    intervals,
    rarest,
)
from hemapipe.evaluation.complete import complete
from hemapipe.evaluation.metrics import confusion_scorer
from hemapipe.evaluation.summary import bracket
from hemapipe.leakage.facts import ARMS, MODELS

#: Said in place of scores where no interval is possible.
ALONE = (
    "the test images of a class all belong together (one patient, field or session ties them), so that the price would "
    "be a number without an interval; it takes a second group of that class"
)


def price(
    calls: pd.DataFrame, labels: pd.Series, clusters: pd.Series, class_names: list[str], n_resamples: int, seed: int
) -> dict[str, Any]:
    """Return flat `<model>_image`, `<model>_honest` (balanced accuracy) and `<model>_gap`, each with `_low`, `_high`.

    The difference is paired: both arms are scored on the same images under the same bootstrap weights, whole clusters
    drawn at a time. Six significant digits. `calls`: as `calls.call` returns them; `labels` and `clusters`: image_id →
    name; `class_names` in the order of the calls. Of no calls there are no scores; of a class in a single cluster there
    is only a `note`. A model that calls every image alike has scores without limits.
    """
    if calls.empty:
        return {}
    y = np.searchsorted(class_names, labels.loc[calls["image_id"]].to_numpy(str)).astype(np.int64)
    drawn = clusters.loc[calls["image_id"]].to_numpy(str)
    n_rarest = rarest(y, drawn)
    if n_rarest < 2:
        return {"note": ALONE}
    names = [f"{model}_{arm}" for model in MODELS for arm in ARMS]
    scorers = {name: confusion_scorer(y, calls[name].to_numpy(np.int64), class_names) for name in names}

    def scorer(weights: Floats) -> dict[str, Floats]:
        return {name: complete(one, y)(weights)["balanced_accuracy"] for name, one in scorers.items()}

    def gaps(weights: Floats) -> dict[str, Floats]:
        found = scorer(weights)
        return {f"{model}_gap": found[f"{model}_image"] - found[f"{model}_honest"] for model in MODELS}

    once = np.ones((1, len(calls)))
    values = {name: float(value[0]) for name, value in (scorer(once) | gaps(once)).items()}
    known = dict.fromkeys(names, n_rarest)
    ends = intervals(scorer, drawn, n_resamples, seed, evidence=known)
    paired = distributions(gaps, drawn, n_resamples, seed)
    for name, (low, high) in (ends | {name: difference_limits(one) for name, one in paired.items()}).items():
        values |= {f"{name}_low": low, f"{name}_high": high}
    rounded = {name: float(f"{value:.6g}") for name, value in values.items() if np.isfinite(value)}
    flags = {"few_groups": len(np.unique(drawn)) < FEW_GROUPS, "few_groups_rarest": n_rarest < FEW_GROUPS_OF_A_CLASS}
    return rounded | {name: int(flag) for name, flag in flags.items()}


def sentences(metrics: dict[str, Any]) -> list[str]:
    """Return the result as lines for a terminal."""
    lines = [
        f"{metrics[f'{model}_model']}: split by image {metrics[f'{model}_image']:.3f}, honest "
        f"{metrics[f'{model}_honest']:.3f}, gap {metrics[f'{model}_gap']:+.3f}{bracket(metrics, f'{model}_gap')}"
        for model in MODELS
        if f"{model}_gap" in metrics
    ]
    return [*lines, *filter(None, [metrics["note"]])]


def to_table(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return a row per model and arm for the plot: model, metric, split, value, low, high, sd (none).

    `model` names the split too, as `dvc plots` draws a row per model. Empty where nothing could be compared, as are the
    limits of a score without any.
    """
    rows = []
    for model in MODELS:
        for arm in ARMS:
            key = f"{model}_{arm}"
            if key in metrics:
                ends = {"value": metrics[key], "low": metrics.get(f"{key}_low"), "high": metrics.get(f"{key}_high")}
                name = f"{model}, {'by image' if arm == 'image' else 'honest'}"
                rows.append({"model": name, "metric": "balanced_accuracy", "split": arm, **ends, "sd": ""})
    return pd.DataFrame(rows, columns=["model", "metric", "split", "value", "low", "high", "sd"])
