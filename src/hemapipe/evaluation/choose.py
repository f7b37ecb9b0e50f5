"""The model to recommend, named by validation rows alone: test labels decide nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import classes
from hemapipe.evaluation.metrics import confusion_scorer
from hemapipe.evaluation.names import require_distinct

METRIC = "balanced_accuracy"
#: Keys of the file beside the models' own.
RESERVED = ("recommended", "metric", "note")
#: What the file says of a run without validation rows.
NO_VALIDATION = "no validation rows (split.val_frac is 0), so no model is recommended"


def choose(predictions: dict[str, pd.DataFrame], manifest: pd.DataFrame) -> dict[str, Any]:
    """Return `recommended`, `metric` and model → its validation score.

    The score is the balanced accuracy of a fold's rows of role `val`, averaged over folds (six digits, so that equal
    models tie on every machine); the highest is recommended, of equal ones the first by name. Where no model has
    validation rows, `recommended` is '' and `note` says so. Rows of other roles are dropped before a label is looked
    up.

    Raises:
        HemapipeError: some models have validation rows and others have none, a model is called like a key of the file,
            a validation image has no label, or the metrics of two classes would share a name.
    """
    reserved = sorted(set(predictions) & set(RESERVED))
    if reserved:
        raise HemapipeError(f"a model cannot be called {reserved[0]!r}: rename its row in params.yaml")
    labels = manifest.set_index("image_id")["label"]
    names = classes(manifest)
    require_distinct(names)
    scores = {name: validation_score(table, labels, names) for name, table in sorted(predictions.items())}
    known = {name: float(f"{score:.6g}") for name, score in scores.items() if score is not None}
    if not known:
        return {"recommended": "", "metric": METRIC, "note": NO_VALIDATION}
    without = sorted(set(scores) - set(known))
    if without:
        raise HemapipeError(
            f"{', '.join(without)}: no validation rows, which the other models have; "
            "`dvc repro` remakes all predictions on one split"
        )
    return {"recommended": max(known, key=lambda name: known[name]), "metric": METRIC, **known}


def validation_score(predictions: pd.DataFrame, labels: pd.Series, names: list[str]) -> float | None:
    """Return the balanced accuracy of validation rows, averaged over folds; None without such rows.

    Args:
        predictions: of one model, with a column `p_<class>` for each of `names`.
        labels: image_id → label.
        names: classes, sorted; those absent from a fold's validation rows take no part in its average.
    """
    rows = predictions[predictions["role"] == "val"]
    if rows.empty:
        return None
    label = rows["image_id"].map(labels)
    if not label.isin(names).all():
        raise HemapipeError(f"no label for image {rows.loc[~label.isin(names), 'image_id'].iloc[0]}: `dvc repro`")
    missing = [name for name in names if f"p_{name}" not in rows]
    if missing:
        raise HemapipeError(f"predictions lack the classes {', '.join(missing)}: `dvc repro` remakes them")
    y = np.searchsorted(names, label.to_numpy(str))
    called = rows[[f"p_{name}" for name in names]].to_numpy().argmax(axis=1)
    folds = rows["fold"].to_numpy()
    weights = (np.unique(folds)[:, None] == folds).astype(float)
    return float(confusion_scorer(y, called, names)(weights)[METRIC].mean())
