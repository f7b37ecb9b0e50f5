"""Which class was taken for which, fold by fold: accuracy, recalls, kappa and MCC follow from these counts."""

from __future__ import annotations

import pandas as pd

from hemapipe.evaluation import curves
from hemapipe.evaluation.predictions import ScoredRows

#: `n` test rows of a fold have the class `actual` and are called `predicted`; cells of 0 are left out.
CONFUSIONS = ["model", "fold", "actual", "predicted", "n"]


def confusions(tested: dict[str, ScoredRows]) -> pd.DataFrame:
    """Return `CONFUSIONS` of each model's test rows, sorted by fold and class, models in the order of `tested`."""
    tables = []
    for model, rows in tested.items():
        counts = curves.confusion(rows).assign(fold=rows.fold).groupby(CONFUSIONS[1:4]).size().reset_index(name="n")
        tables.append(counts.assign(model=model)[CONFUSIONS])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CONFUSIONS)


def balanced_accuracies(counts: pd.DataFrame) -> pd.Series:
    """Return fold → balanced accuracy, the mean recall of the classes there, of one model's `CONFUSIONS`."""
    of_class = counts.groupby(["fold", "actual"])["n"].sum()
    right = counts[counts["actual"] == counts["predicted"]].groupby(["fold", "actual"])["n"].sum()
    return right.reindex(of_class.index, fill_value=0).div(of_class).groupby("fold").mean()
