"""The leaderboard: every listed model, ranked by one metric, with its interval, spread and size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pandas as pd
from matplotlib.axes import Axes

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.plots import COLOURS, FAINT, INK
from hemapipe.report.params import Headline

HEADLINE: tuple[str, ...] = get_args(Headline)
LOWER_IS_BETTER = {"log_loss", "brier", "ece"}
FAMILIES = {"cnn": "network", "classical": "classical"}
Metrics = dict[str, Any]


def read_metrics(folder: Path, models: dict[str, str]) -> dict[str, Metrics]:
    """Return model → its flat metrics from `folder`, for the listed models only.

    Raises:
        HemapipeError: a listed model has no file.
    """
    missing = [name for name in models if not (folder / f"{name}.json").exists()]
    if missing:
        raise HemapipeError(f"{folder} lacks {', '.join(missing)}, listed in params.yaml: `dvc repro` makes them")
    return {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in models}


def listed(cnn: dict[str, Any] | None, classical: dict[str, Any] | None) -> dict[str, str]:
    """Return model → family (cnn or classical) of the rows of both tables.

    Raises:
        HemapipeError: a name in both tables, as their files would be the same, or no model at all.
    """
    networks, others = cnn or {}, classical or {}
    twice = sorted(set(networks) & set(others))
    if twice:
        raise HemapipeError(f"{', '.join(twice)}: a row of both cnn and classical in params.yaml; rename one")
    if not networks and not others:
        raise HemapipeError("params.yaml lists no model: add a row to cnn or classical")
    return {**dict.fromkeys(networks, "cnn"), **dict.fromkeys(others, "classical")}


def build(models: dict[str, str], scores: dict[str, Metrics], sizes: dict[str, Metrics], rank_by: str) -> pd.DataFrame:
    """Return a row per model, best first, ties by name; empty cells where a model has no such number.

    Columns: rank, model, family, metric (the one ranked by), its value, sd, low, high, then every headline metric,
    n_parameters, n_bytes, epochs_run.

    Raises:
        HemapipeError: a model without the metric, which is undefined on its test rows.
    """
    undefined = [name for name in models if rank_by not in scores[name]]
    if undefined:
        raise HemapipeError(f"{rank_by} is undefined for {', '.join(undefined)}: choose another compare.rank_by")
    rows = []
    for name, family in models.items():
        score, size = scores[name], sizes[name]
        ranked = {"value": score[rank_by], **{end: score.get(f"{rank_by}_{end}") for end in ("sd", "low", "high")}}
        known = {key: score.get(key) for key in HEADLINE}
        facts = {key: size.get(key) for key in ("n_parameters", "n_bytes", "epochs_run")}
        rows.append({"model": name, "family": FAMILIES[family], "metric": rank_by, **ranked, **known, **facts})
    lowest_first = [rank_by in LOWER_IS_BETTER, True]
    table = pd.DataFrame(rows).sort_values(["value", "model"], ascending=lowest_first, ignore_index=True)
    table.insert(0, "rank", range(1, len(table) + 1))
    return table.astype({"n_parameters": "Int64", "n_bytes": "Int64"})


def summarise(table: pd.DataFrame, best: Metrics) -> dict[str, Any]:
    """Return flat metrics: the best model and its headline values, and the ranked value of every model.

    `dvc metrics diff --targets metrics/compare.json` is then the comparison of two commits in one short table.
    """
    rank_by = str(table.at[0, "metric"])
    return {
        "best_model": str(table.at[0, "model"]),
        "n_models": len(table),
        "rank_by": rank_by,
        **{f"best_{name}": best[name] for name in HEADLINE if name in best},
        **{f"{rank_by}_{name}": value for name, value in zip(table["model"], table["value"], strict=True)},
    }


def paint(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the ranked value of every model as a dot, its 95 % interval as a line, best at the top."""
    placed = table.assign(place=range(len(table), 0, -1))
    for family, colour in zip(FAMILIES.values(), COLOURS, strict=False):
        rows = placed[placed["family"] == family]
        axes.hlines(rows["place"], rows["low"], rows["high"], colour, linewidth=2.2, alpha=0.55)
        axes.plot(rows["value"], rows["place"], "o", color=colour, markersize=7, label=family)
    for row in placed.to_dict("records"):
        text = f"{row['value']:.3f}" + ("" if pd.isna(row["sd"]) else f" ± {row['sd']:.3f}")
        where = (1.01, row["place"])
        axes.annotate(text, where, xycoords=("axes fraction", "data"), va="center", fontsize=8, color=INK)
    metric = str(table.at[0, "metric"]).replace("_", " ")
    axes.set_yticks(placed["place"], placed["model"], color=INK)
    axes.set(ylim=(0.4, len(table) + 0.6), xlabel=f"{metric}, 95 % interval over groups; ± sd over folds at the right")
    axes.set_title("Leaderboard")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper right" if table.at[0, "metric"] in LOWER_IS_BETTER else "upper left", labelcolor=FAINT)
