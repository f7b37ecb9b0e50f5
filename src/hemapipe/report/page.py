"""The whole run as one HTML page that needs no network; equal results give equal bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml

from hemapipe.evaluation.names import ENDS
from hemapipe.report import highlights, words
from hemapipe.report.leaderboard import FAMILIES, LOWER_IS_BETTER, Metrics

FIGURES = {
    "confusion": "Counts, and shares of each actual class",
    "roc": "ROC curves",
    "pr": "Precision-recall curves",
    "reliability": "Confidence against accuracy",
    "patients": "Confidence in each patient",
}
#: In the head of the page or among its warnings.
TOLD_ELSEWHERE = {"warnings", "n_patients", "n_classes"}
#: Rows of the table of patients to look at, on the page.
MOST_PATIENTS = 20


@dataclass(frozen=True)
class Run:
    """What the page tells: resolved parameters, flat metrics by stage, the leaderboard, and where the pictures lie.

    What only some runs have is {} in the others, and left out of the page.
    """

    params: dict[str, Any]
    catalog: Metrics
    split: Metrics
    augment: Metrics
    environment: Metrics
    scores: dict[str, Metrics]
    sizes: dict[str, Metrics]
    leaderboard: pd.DataFrame
    plots: Path
    leakage: Metrics = field(default_factory=dict)
    choice: Metrics = field(default_factory=dict)
    ties: Metrics = field(default_factory=dict)
    audit: Metrics = field(default_factory=dict)
    explain: dict[str, Metrics] = field(default_factory=dict)


def render(run: Run) -> str:
    """Return the page. Times are not in it: `times.write_times` writes them beside it, as they are the machine's."""
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("hemapipe.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    filters = (words.breakable, words.words, words.number, words.short, words.score, words.size, highlights.signed)
    template.filters.update({one.__name__: one for one in filters})
    names = class_names(run)
    chosen = highlights.recommended(run.choice, run.leaderboard)
    rows = [_row(run, record) for record in run.leaderboard.to_dict("records")]
    score = run.scores[rows[0]["model"]]
    return template.get_template("report.html.j2").render(
        run=run,
        classes={name: run.catalog.get(f"n_class_{name}", run.catalog.get(f"n_{name}")) for name in names},
        warnings=[
            *highlights.warnings(run.params, run.catalog, run.split, run.augment, score),
            *highlights.looks(run.explain),
        ],
        few_of_a_class=highlights.few_of_a_class(score) if score.get("few_groups_rarest") else "",
        price=highlights.price(run.leakage),
        recommended=chosen,
        shown=chosen or rows[0],
        audit=highlights.audit(run.audit, run.plots / "audit" / "verdicts.csv") if run.audit else [],
        explained=_explained(run),
        **_tables(run, names),
        leaks=highlights.leaks(run.split, run.augment),
        rows=rows,
        models=[_model(run, str(name), names) for name in run.leaderboard["model"]],
        sheet=picture(run.plots / "catalog" / "sheet.png"),
        lower_is_better=LOWER_IS_BETTER,
        words_for=words,
        params=yaml.safe_dump(run.params, sort_keys=False, allow_unicode=True, width=110),
    )


def _explained(run: Run) -> list[dict[str, Any]]:
    """Return what `highlights.explained` says, each with its picture."""
    found = highlights.explained(run.explain, [str(name) for name in run.leaderboard["model"]])
    return [{**one, "picture": picture(run.plots / "explain" / f"{one['name']}.png")} for one in found]


def class_names(run: Run) -> list[str]:
    """Return the classes that were scored, in the order of the metrics."""
    found = {key.removeprefix("recall_") for score in run.scores.values() for key in score if key.startswith("recall_")}
    ends = {name + end for name in found for end in ENDS}  # of limits; no class is called so (`require_distinct`)
    return sorted(found - ends)


def picture(path: Path) -> str:
    """Return a PNG as a data URL, empty where there is none."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode() if path.exists() else ""


def patients_to_look_at(path: Path) -> dict[str, Any]:
    """Return the patients a model gets wrong or is unsure of, the surest mistakes first, and how many more there are.

    `path`: the table of `evaluation.patients.verdicts`; {} where there is none.
    """
    if not path.exists():
        return {}
    table = pd.read_csv(path, dtype={"unit": str, "label": str, "by_mean": str, "by_vote": str})
    table["wrong"] = table["by_mean"] != table["label"]
    found = table[table["wrong"] | table["uncertain"]].sort_values(["wrong", "margin", "unit"], ascending=False)
    columns = ["unit", "n_images", "label", "by_mean", "confidence", "margin", "wrong", "uncertain"]
    return {
        "rows": found[columns].head(MOST_PATIENTS).to_dict("records"),
        "more": max(0, len(found) - MOST_PATIENTS),
        "of": len(table),
    }


def _tables(run: Run, names: list[str]) -> dict[str, list[tuple[str, Any]]]:
    """Return the small tables of the page as rows of label and value."""
    per_class = {f"n_{name}" for name in names} | {f"n_class_{name}" for name in names}
    found = {key: value for key, value in run.catalog.items() if key not in per_class | TOLD_ELSEWHERE and value != ""}
    roles = {key: value for key, value in run.split.items() if not key.startswith("leak")}
    balanced = [
        (name, f"{run.augment[f'before_{name}']} → {run.augment[f'after_{name}']}")
        for name in names
        if f"after_{name}" in run.augment
    ]
    ties = {key: value for key, value in run.ties.items() if not isinstance(value, str)}
    return {
        "catalogue": _named(found),
        "ties": _named(ties),
        "roles": _named(roles),
        "balanced": balanced,
        "environment": [(words.words(key), value) for key, value in run.environment.items()],
    }


def _named(facts: Metrics) -> list[tuple[str, Any]]:
    return [(words.words(key), value) for key, value in sorted(facts.items(), key=words.order)]


def _row(run: Run, record: dict[Any, Any]) -> dict[str, Any]:
    """Return a leaderboard row with the places of its dot and interval on a common scale, in percent."""
    table = run.leaderboard
    known = {key: None if pd.isna(value) else value for key, value in record.items()}
    shown = table[["value", "low", "high"]].to_numpy(float)
    left, width = np.nanmin(shown), np.ptp(shown[np.isfinite(shown)]) or 1.0
    ends = {end: float(record[end]) for end in ("value", "low", "high") if known[end] is not None}
    place = {end: round(100 * float((at - left) / width), 2) for end, at in ends.items()}
    return {**known, "place": place, "stage": _stage(record["family"])}


def _model(run: Run, name: str, names: Iterable[str]) -> dict[str, Any]:
    score, folder = run.scores[name], run.plots / "evaluate" / name
    return {
        "name": name,
        "score": score,
        "classes": [one for one in names if f"recall_{one}" in score],
        "figures": [(caption, picture(folder / f"{stem}.png")) for stem, caption in FIGURES.items()],
        "curves": picture(run.plots / "compare" / "learning_curves" / f"{name}.png"),
        "patients": patients_to_look_at(folder / "patients.csv"),
        "size": run.sizes[name],
    }


def _stage(family: str) -> str:
    """Return the stage whose times belong to a family: ensembles are not trained."""
    kind = next(key for key, word in FAMILIES.items() if word == family)
    return kind if kind == "ensemble" else f"train_{kind}"
