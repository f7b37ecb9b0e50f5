"""What leaking is worth: the score by image minus the honest one, over the same test images, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.evaluation.bootstrap import FEW_GROUPS, Floats, intervals
from hemapipe.evaluation.metrics import confusion_scorer
from hemapipe.leakage.arms import ARMS, Arms

MODELS = ("lr", "cnn")


def price(
    calls: dict[str, pd.DataFrame],
    labels: pd.Series,
    groups: pd.Series,
    class_names: list[str],
    n_resamples: int,
    seed: int,
) -> dict[str, float]:
    """Return flat `<model>_image`, `<model>_honest` (balanced accuracy) and `<model>_gap`, each with `_low`, `_high`.

    The difference is paired: both arms are scored on the same images under the same bootstrap weights, whole groups
    drawn at a time. Six significant digits. `calls`: model → table of `models`; `labels` and `groups`: image_id → name;
    `class_names` in the order of the calls.
    """
    images = calls[MODELS[0]].index
    y = np.searchsorted(class_names, labels.loc[images].to_numpy(str)).astype(np.int64)

    scorers = {
        f"{model}_{arm}": confusion_scorer(y, table.loc[images, arm].to_numpy(), class_names)
        for model, table in calls.items()
        for arm in ARMS
    }

    def scorer(weights: Floats) -> dict[str, Floats]:
        found = {name: one(weights)["balanced_accuracy"] for name, one in scorers.items()}
        for model in calls:
            found[f"{model}_gap"] = found[f"{model}_image"] - found[f"{model}_honest"]
        return found

    values = {name: float(value[0]) for name, value in scorer(np.ones((1, len(images)))).items()}
    for name, (low, high) in intervals(scorer, groups.loc[images].to_numpy(str), n_resamples, seed).items():
        values |= {f"{name}_low": low, f"{name}_high": high}
    return {name: float(f"{value:.6g}") for name, value in values.items()}


def facts(arms: Arms, manifest: pd.DataFrame, groups: pd.Series) -> dict[str, Any]:
    """Return flat facts about the comparison: sizes, scheme, how many test images leak, and a note for the reader.

    `n_test` images are tested once in each arm; `n_train_mean` is the mean number of training images of a fold, equal
    in both arms; `n_siblings_image` of the test images have a sibling in training under the split by image.
    """
    if not arms.tables:
        return {"n_test": 0, "scheme_honest": "none", "note": f"no honest split is possible: {arms.reason}"}
    table = arms.tables["honest"]
    tested = table.loc[table["role"] == "test", "image_id"]
    n_groups = int(groups.loc[tested].nunique())
    return {
        "scheme_honest": arms.scheme,
        "n_folds": arms.n_folds,
        "n_test": len(tested),
        "n_train_mean": float(f"{(table['role'] == 'train').sum() / arms.n_folds:.6g}"),
        "n_groups": n_groups,
        "few_groups": int(n_groups < FEW_GROUPS),
        "n_siblings_image": arms.siblings,
        "note": note(arms.scheme, manifest.set_index("image_id").loc[tested], n_groups),
    }


def note(scheme: str, rows: pd.DataFrame, n_groups: int) -> str:
    """Return what limits the honest arm, in words; '' where every test image (a row of the manifest) has a patient."""
    unknown = int(((rows["patient"] == "") & (rows["person"] == "")).sum())
    if scheme == "contiguous":
        alone = "; neighbours count as independent, so the intervals are too narrow" if n_groups == len(rows) else ""
        return f"blocks of capture order stand in for patients, so the gap may be larger than measured{alone}"
    if unknown == len(rows):
        return (
            "neither patients nor a capture order are known: the honest split keeps only repeated pictures together, "
            "so a small gap proves nothing"
        )
    if unknown:
        return f"{unknown} of {len(rows)} images name no patient, so the gap may be larger than measured"
    return ""


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
