"""Every model against the recommended one: paired differences over the same groups, corrected for their number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import GROUPS, MANIFEST, PREDICTIONS, TIES, read_table
from hemapipe.evaluation.bootstrap import FEW_GROUPS_OF_A_CLASS, Scorer, difference_limits, distributions, rarest
from hemapipe.evaluation.complete import averages_classes, complete
from hemapipe.evaluation.metrics import (
    Floats,
    Ints,
    confusion_scorer,
    probability_scorer,
    ranking_scorer,
)
from hemapipe.evaluation.paired import holm, mcnemar_mid_p
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows, scored_rows
from hemapipe.group.clusters import clusters

#: `difference` is the model's value less the reference's; `n_only_*` count rows that one alone has right.
PAIRS = [
    "model", "reference", "metric", "difference", "low", "high", "p", "p_holm", "verdict",
    "n_rows", "n_only_model", "n_only_reference", "mcnemar_p", "mcnemar_p_holm",
]  # fmt: skip
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "ece"})
BETTER, ALIKE, WORSE = "better", "not distinguishable", "worse"
#: In place of `ALIKE` where `degrees` are those of a rare class.
TOO_FEW = "too few groups to tell"
ALPHA = 0.05


@dataclass(frozen=True)
class Contender:
    """The test rows of one model, sorted by fold and sample."""

    key: pd.MultiIndex  # (n,) fold, sample_id
    rows: ScoredRows


def read_contenders(data: Path, models: list[str]) -> dict[str, Contender]:
    """Return model → its test rows, from the predictions, calibration, manifest, groups and ties under `data`."""
    manifest = read_table(data / "manifest.csv", MANIFEST)
    groups = clusters(manifest, read_table(data / "groups.csv", GROUPS), read_table(data / "ties.csv", TIES))
    found = {}
    for model in models:
        table = read_table(data / "predictions" / f"{model}.csv", PREDICTIONS)
        table = table[table["role"] == "test"].sort_values(["fold", "sample_id"])
        calibration = json.loads((data / "calibration" / f"{model}.json").read_text("utf-8"))
        key = pd.MultiIndex.from_frame(table[["fold", "sample_id"]])
        found[model] = Contender(key, scored_rows(table, calibration, manifest, groups))
    return found


def against(
    tested: dict[str, Contender], recommended: str, metric: str, params: EvaluateParams, seed: int
) -> pd.DataFrame:
    """Return `PAIRS`: a row for every other model, in the order of `tested`; none where `recommended` is ''.

    Interval and p come from resampling groups and leaving them out, both models weighted alike (see `Distribution`).
    McNemar's test on single rows stands beside them. Both are corrected by Holm over these comparisons. The verdict
    follows the p over groups: better or worse where it is below `ALPHA`.

    Raises:
        HemapipeError: the recommended model is not among those tested, or two models share no test row.
    """
    if not recommended:
        return pd.DataFrame(columns=PAIRS)
    if recommended not in tested:
        raise HemapipeError(f"the recommended model {recommended!r} is not listed: `dvc repro` chooses again")
    others = [name for name in tested if name != recommended]
    found = [
        {"model": name, "reference": recommended, **_pair(tested[name], tested[recommended], metric, params, seed)}
        for name in others
    ]
    made = [name for name in PAIRS if name not in ("p_holm", "mcnemar_p_holm", "verdict")]
    table = pd.DataFrame(found, columns=[*made, "unclear"])
    table["p_holm"], table["mcnemar_p_holm"] = holm(table["p"]), holm(table["mcnemar_p"])
    gain = table["difference"] * (-1 if metric in LOWER_IS_BETTER else 1)
    table["verdict"] = np.where(table["p_holm"] < ALPHA, np.where(gain > 0, BETTER, WORSE), table["unclear"])
    return table[PAIRS]


def degrees(y: Ints, groups: npt.NDArray[np.str_], metric: str) -> int | None:
    """Return the degrees of freedom of a difference that a rare class may decide: its groups less one; None without.

    An average over classes is no better known than a class of fewer than `FEW_GROUPS_OF_A_CLASS` groups, which may
    carry most of the standard error alone. docs/statistics.md has the false alarms with and without this.
    """
    n = rarest(y, groups)
    return n - 1 if averages_classes(metric) and n < FEW_GROUPS_OF_A_CLASS else None


def metric_scorer(y: Ints, p: Floats, class_names: list[str], metric: str, ece_bins: int) -> Scorer:
    """Return the cheapest scorer that has the metric."""
    if metric in LOWER_IS_BETTER:
        return probability_scorer(y, p, ece_bins)
    if metric.endswith("_auc"):
        return ranking_scorer(y, p, class_names)
    return confusion_scorer(y, p.argmax(axis=1), class_names)


def _pair(model: Contender, reference: Contender, metric: str, params: EvaluateParams, seed: int) -> dict[str, Any]:
    """Compare two models on the rows that both have predicted."""
    shared = model.key.intersection(reference.key, sort=False)
    if shared.empty:
        raise HemapipeError("two models share no test row: `dvc repro` remakes predictions on one split")
    here, there = model.key.get_indexer(shared), reference.key.get_indexer(shared)
    y, groups, names = model.rows.y[here], model.rows.group[here], model.rows.class_names
    p, q = model.rows.p[here], reference.rows.p[there]
    first, second = (complete(metric_scorer(y, one, names, metric, params.ece_bins), y) for one in (p, q))

    def difference(weights: Floats) -> dict[str, Floats]:
        return {"difference": first(weights)[metric] - second(weights)[metric]}

    spread = distributions(difference, groups, params.n_resamples, seed)["difference"]
    low, high = difference_limits(spread)
    of_the_rarest = degrees(y, groups, metric)
    right, expected = p.argmax(axis=1) == y, q.argmax(axis=1) == y
    only_model, only_reference = int((right & ~expected).sum()), int((~right & expected).sum())
    return {
        "metric": metric, "difference": spread.value, "low": low, "high": high,
        "p": spread.p_value(degrees=of_the_rarest), "unclear": ALIKE if of_the_rarest is None else TOO_FEW,
        "n_rows": len(y), "n_only_model": only_model, "n_only_reference": only_reference,
        "mcnemar_p": mcnemar_mid_p(only_model, only_reference),
    }  # fmt: skip
