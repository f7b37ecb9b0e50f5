"""The whole run as one HTML page that needs no network; equal results give equal bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from hemapipe.report import words
from hemapipe.report.leaderboard import FAMILIES, LOWER_IS_BETTER, Metrics

FIGURES = {
    "confusion": "Counts, and shares of each actual class",
    "roc": "ROC curves",
    "pr": "Precision-recall curves",
    "reliability": "Confidence against accuracy",
}
#: In the head of the page or among its warnings.
TOLD_ELSEWHERE = {"warnings", "n_patients", "n_classes"}


@dataclass(frozen=True)
class Run:
    """What the page tells: resolved parameters, flat metrics by stage, the leaderboard, and where the pictures lie."""

    params: dict[str, Any]
    catalog: Metrics
    split: Metrics
    augment: Metrics
    environment: Metrics
    scores: dict[str, Metrics]
    sizes: dict[str, Metrics]
    leaderboard: pd.DataFrame
    plots: Path


def render(run: Run) -> str:
    """Return the page. Times are not in it: `timings_script` writes them beside it, for the machine they belong to."""
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("hemapipe.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template.filters.update(
        breakable=words.breakable,
        words=words.words,
        number=words.number,
        short=words.short,
        score=words.score,
        size=words.size,
    )
    names = class_names(run)
    return template.get_template("report.html.j2").render(
        run=run,
        classes={name: run.catalog.get(f"n_class_{name}", run.catalog.get(f"n_{name}")) for name in names},
        warnings=warnings(run),
        **_tables(run, names),
        leaks=leaks(run),
        rows=[_row(run, record) for record in run.leaderboard.to_dict("records")],
        models=[_model(run, str(name), names) for name in run.leaderboard["model"]],
        sheet=picture(run.plots / "catalog" / "sheet.png"),
        lower_is_better=LOWER_IS_BETTER,
        per_class=words.PER_CLASS,
        overall=words.OVERALL,
        glossary=words.GLOSSARY,
        params=yaml.safe_dump(run.params, sort_keys=False, allow_unicode=True, width=110),
    )


def timings_script(folder: Path) -> str:
    """Return a script that sets `window.measuredHere` to the timings found in `folder`, sorted by stage and name."""
    found = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    return f"window.measuredHere = {json.dumps(found, indent=1, sort_keys=True)};\n"


def class_names(run: Run) -> list[str]:
    """Return the classes that were scored, in the order of the metrics."""
    found = dict.fromkeys(key.removeprefix("recall_") for score in run.scores.values() for key in score)
    return sorted(n for n in found if any({f"recall_{n}", f"recall_{n}_low"} <= set(s) for s in run.scores.values()))


def leaks(run: Run) -> dict[str, Any]:
    """Return the leak counts; where roles were dealt to samples, augment's counts are the ones that hold."""
    return {key: value for key, value in {**run.split, **run.augment}.items() if key.startswith("leak")}


def warnings(run: Run) -> list[str]:
    """Return, in words, what a reader must know before believing a number."""
    found = [text for text in str(run.catalog.get("warnings", "")).split("; ") if text]
    for key, value in leaks(run).items():
        if value:
            found.append(
                f"{value} test samples share {words.SHARED.get(key, words.words(key))} with training or validation"
            )
    if run.params["augment"]["before_split"]:
        found.append("roles were dealt to samples after augmentation: the split's own roles were not used")
    without = run.split.get("n_without_patient", 0)
    if without and run.params["split"]["scheme"] in ("patient", "group"):
        found.append(f"{without} images name no patient; each counts as a patient of its own, so patients may leak")
    return found


def picture(path: Path) -> str:
    """Return a PNG as a data URL, empty where there is none."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode() if path.exists() else ""


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
    return {
        "catalogue": [(words.words(key), value) for key, value in sorted(found.items(), key=words.order)],
        "roles": [(words.words(key), value) for key, value in sorted(roles.items(), key=words.order)],
        "balanced": balanced,
        "environment": [(words.words(key), value) for key, value in run.environment.items()],
    }


def _row(run: Run, record: dict[Any, Any]) -> dict[str, Any]:
    """Return a leaderboard row with the places of its dot and interval on a common scale, in percent."""
    table = run.leaderboard
    left, right = float(table["low"].min()), float(table["high"].max())
    width = (right - left) or 1.0
    place = {end: round(100 * (float(record[end]) - left) / width, 2) for end in ("value", "low", "high")}
    known = {key: None if pd.isna(value) else value for key, value in record.items()}
    return {**known, "place": place, "stage": _stage(record["family"])}


def _model(run: Run, name: str, names: Iterable[str]) -> dict[str, Any]:
    score, folder = run.scores[name], run.plots / "evaluate" / name
    curves = picture(run.plots / "compare" / "learning_curves" / f"{name}.png")
    figures = [(caption, picture(folder / f"{stem}.png")) for stem, caption in FIGURES.items()]
    scored = [one for one in names if f"recall_{one}" in score]
    return {
        "name": name,
        "score": score,
        "classes": scored,
        "figures": figures,
        "curves": curves,
        "size": run.sizes[name],
    }


def _stage(family: str) -> str:
    return "train_" + next(key for key, word in FAMILIES.items() if word == family)
