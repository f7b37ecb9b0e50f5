"""The leaderboard: every listed model, ranked by one metric, with its interval, and against the recommended one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pandas as pd
from matplotlib.axes import Axes

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.compare_models import LOWER_IS_BETTER, WORSE
from hemapipe.evaluation.plots import COLOURS, FAINT, INK
from hemapipe.report.params import Headline

HEADLINE: tuple[str, ...] = get_args(Headline)
FAMILIES = {"cnn": "network", "classical": "classical", "ensemble": "ensemble"}
RECOMMENDED = "recommended"
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


def listed(
    cnn: dict[str, Any] | None, classical: dict[str, Any] | None, ensemble: dict[str, Any] | None = None
) -> dict[str, str]:
    """Return model → family (cnn, classical or ensemble) of the rows of the three tables.

    Raises:
        HemapipeError: a name in two tables, as their files would be the same, or no model at all.
    """
    families: dict[str, str] = {}
    for family, rows in (("cnn", cnn), ("classical", classical), ("ensemble", ensemble)):
        for name in rows or {}:
            if name in families:
                raise HemapipeError(f"{name}: a row of both {families[name]} and {family} in params.yaml; rename one")
            families[name] = family
    if not families:
        raise HemapipeError("params.yaml lists no model: add a row to cnn or classical")
    return families


def build(
    models: dict[str, str],
    scores: dict[str, Metrics],
    sizes: dict[str, Metrics],
    rank_by: str,
    recommended: str = "",
    pairs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row per model, best first, ties by name; empty cells where a model has no such number.

    Columns: rank, model, family, recommended (1 or 0), metric (the one ranked by), its value, sd, low, high; against
    the recommended model: difference, difference_low, difference_high, p_holm and verdict (better, not distinguishable,
    too few groups to tell, worse, or recommended), from `pairs`; then every headline metric, n_parameters, n_bytes,
    epochs_run.

    Raises:
        HemapipeError: a model without the metric, which is undefined on its test rows.
    """
    undefined = [name for name in models if rank_by not in scores[name]]
    if undefined:
        raise HemapipeError(f"{rank_by} is undefined for {', '.join(undefined)}: choose another compare.rank_by")
    paired = {} if pairs is None else {str(row["model"]): row for row in pairs.to_dict("records")}
    rows = []
    for name, family in models.items():
        score, size = scores[name], sizes[name]
        place = {"model": name, "family": FAMILIES[family], RECOMMENDED: int(name == recommended), "metric": rank_by}
        ranked = {"value": score[rank_by], **{end: score.get(f"{rank_by}_{end}") for end in ("sd", "low", "high")}}
        known = {key: score.get(key) for key in HEADLINE}
        facts = {key: size.get(key) for key in ("n_parameters", "n_bytes", "epochs_run")}
        rows.append({**place, **ranked, **_against(paired.get(name), name == recommended), **known, **facts})
    lowest_first = [rank_by in LOWER_IS_BETTER, True]
    table = pd.DataFrame(rows).sort_values(["value", "model"], ascending=lowest_first, ignore_index=True)
    table.insert(0, "rank", range(1, len(table) + 1))
    whole, broken = ("n_parameters", "n_bytes"), ("sd", "low", "high")  # of none known, a column is not even of numbers
    return table.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(broken, "float64"))


def summarise(table: pd.DataFrame, scores: dict[str, Metrics]) -> dict[str, Any]:
    """Return flat metrics: the best and the recommended model, their headline values, and every model's ranked value.

    `dvc metrics diff --targets metrics/compare.json` is then the comparison of two commits in one short table.
    """
    rank_by, best = str(table.at[0, "metric"]), str(table.at[0, "model"])
    recommended = next((str(name) for name in table.loc[table[RECOMMENDED] == 1, "model"]), "")
    named = {"best": best, RECOMMENDED: recommended}
    return {
        "best_model": best,
        "recommended_model": recommended,
        "n_models": len(table),
        "rank_by": rank_by,
        **{f"{who}_{key}": scores[name][key] for who, name in named.items() if name for key in _headline(scores[name])},
        **{f"{rank_by}_{name}": value for name, value in zip(table["model"], table["value"], strict=True)},
    }


def paint(axes: Axes, table: pd.DataFrame) -> None:
    """Draw each model's ranked value as a dot and its 95 % interval as a line, best at the top.

    The recommended model has a ring and a bold name; those really worse are pale, those not told apart from it are not.
    """
    placed = table.assign(place=range(len(table), 0, -1))
    for family, colour in zip(FAMILIES.values(), COLOURS, strict=False):
        for pale, shade in ((False, 1.0), (True, 0.35)):
            rows = placed[(placed["family"] == family) & ((placed["verdict"] == WORSE) == pale)]
            axes.hlines(rows["place"], rows["low"], rows["high"], colour, linewidth=2.2, alpha=0.55 * shade)
            axes.scatter(rows["value"], rows["place"], s=46, color=colour, alpha=shade, linewidth=0, zorder=3)
        if family in set(placed["family"]):
            axes.scatter([], [], s=46, color=colour, label=family)
    chosen = placed[placed[RECOMMENDED] == 1]
    axes.scatter(chosen["value"], chosen["place"], s=150, facecolor="none", edgecolor=INK, linewidth=1.3, zorder=4)
    for row in placed.to_dict("records"):
        spread = "" if pd.isna(row["sd"]) else f" ± {row['sd']:.3f}"
        where = (1.01, row["place"])
        axes.annotate(
            f"{row['value']:.3f}{spread}  {row['verdict']}".rstrip(),
            where,
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=FAINT if row["verdict"] == WORSE else INK,
            weight="bold" if row[RECOMMENDED] else "normal",
        )
    _frame(axes, placed)


def _frame(axes: Axes, placed: pd.DataFrame) -> None:
    """Name the axes and the models."""
    rank_by = str(placed.at[0, "metric"])
    axes.set_yticks(placed["place"], placed["model"], color=INK)
    for label, chosen in zip(axes.get_yticklabels(), placed[RECOMMENDED], strict=True):
        label.set_fontweight("bold" if chosen else "normal")
    axes.set(ylim=(0.4, len(placed) + 0.6))
    axes.set_xlabel(f"{rank_by.replace('_', ' ')}, 95 % interval over groups; at the right ± sd over folds")
    told = " (ring: recommended by its validation score; pale: really worse)" if placed[RECOMMENDED].any() else ""
    axes.set_title(f"Leaderboard{told}")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper right" if rank_by in LOWER_IS_BETTER else "upper left", labelcolor=FAINT)


def _against(pair: dict[Any, Any] | None, recommended: bool) -> dict[str, Any]:
    """Return the columns that hold a model against the recommended one; empty for that one itself and without one."""
    if pair is None:
        empty = dict.fromkeys(("difference", "difference_low", "difference_high", "p_holm"))
        return {**empty, "verdict": RECOMMENDED if recommended else ""}
    ends = {"difference_low": pair["low"], "difference_high": pair["high"]}
    return {"difference": pair["difference"], **ends, "p_holm": pair["p_holm"], "verdict": pair["verdict"]}


def _headline(score: Metrics) -> list[str]:
    return [name for name in HEADLINE if name in score]
