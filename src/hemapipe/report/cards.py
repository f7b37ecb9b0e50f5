"""A model card per model, in Markdown: what it is, what it was trained and tested on, how well, and what it cannot do.

The sections are those of the Hugging Face convention (https://huggingface.co/docs/hub/model-cards; Mitchell et al.
2019, Model Cards for Model Reporting), and so is the head in YAML. Every figure is one of the run's own metrics.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from hemapipe.report import highlights, words
from hemapipe.report.leaderboard import Metrics
from hemapipe.report.limits import limits
from hemapipe.report.page import Run, class_names

OVERALL = ("balanced_accuracy", "accuracy", "macro_f1", "macro_roc_auc", "kappa", "mcc")
PER_CLASS = ("recall", "precision", "specificity", "roc_auc")
CALIBRATION = ("ece", "log_loss", "brier")
ENVIRONMENT = ("python", "version_torch", "version_scikit-learn", "version_xgboost-cpu", "version_onnxruntime")
LEFT_OUT = {
    "n_unreadable": "unreadable",
    "n_unlabelled": "without a label",
    "n_dropped_duplicate": "exact repeats",
    "n_dropped_conflict": "with contradictory labels",
    "n_dropped_truncated": "truncated",
    "n_dropped_preliminary": "of the preliminary test",
}
#: How a split parts images, by `split.scheme`.
SCHEMES = {
    "image": "image by image: images of one patient may be on both sides",
    "patient": "patient by patient",
    "group": "by groups that are never parted",
    "contiguous": "in blocks of capture order, where nobody names patients",
    "cohort": "one hospital, site or campaign left out at a time",
    "official": "as the publisher of the data split them",
}
#: What a classical model loses most is told, not all it has.
_HEAVIEST = 6


@dataclass(frozen=True)
class More:
    """What the cards tell beside the page: where the images are from, and flat metrics that only some runs have.

    `source` has name, title, licence, homepage and citation; `export` is by model, {} where it kept no weights.
    """

    source: dict[str, str]
    export: dict[str, Metrics] = field(default_factory=dict)
    reject: Metrics = field(default_factory=dict)


def write_cards(run: Run, more: More, folder: Path) -> None:
    """Write `<model>.md` for every model of the leaderboard; cards of models that are no longer listed go."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in run.leaderboard["model"]:
        (folder / f"{name}.md").write_text(render(run, more, str(name)), "utf-8")


def render(run: Run, more: More, name: str) -> str:
    """Return the card of one model; equal metrics give an equal card."""
    names, place = class_names(run), _place(run, name)
    rows = {family: run.params.get(family) or {} for family in ("cnn", "classical", "ensemble")}
    kind = next(family for family, listed in rows.items() if name in listed)
    said = _template().render(
        name=name,
        kind=kind,
        row=rows[kind][name],
        place=place,
        run=run,
        more=more,
        head=_head(name, place, names, more.source),
        score=run.scores[name],
        size=run.sizes[name],
        export=more.export.get(name),
        kept=all(more.export.get(one) != {} for one in (name, *rows["ensemble"].get(name, {}).get("of", ()))),
        explained=_explained(run, name),
        classes={one: run.catalog.get(f"n_class_{one}", run.catalog.get(f"n_{one}")) for one in names},
        # Variants of images are for networks; classical models have features of them only where asked for.
        balanced=kind == "cnn" or (kind == "classical" and run.params["augment"].get("features", False)),
        left_out=[f"{words.number(run.split[key])} {title}" for key, title in LEFT_OUT.items() if run.split.get(key)],
        leaks=highlights.leaks(run.split, run.augment),
        price=highlights.price(run.leakage),
        limits=limits(run, more.source["name"], name),
        words_for=words,
        overall=OVERALL,
        per_class=PER_CLASS,
        calibration=CALIBRATION,
        schemes=SCHEMES,
        environment=ENVIRONMENT,
    )
    return re.sub(r"\n{3,}", "\n\n", said).strip() + "\n"


def plain(text: Any) -> str:
    """Return a text of the user's, such as a class name, so that Markdown shows it as it is, in a table too."""
    return re.sub(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(str(text).split()))


@cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("hemapipe.report")
    found = jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    filters = (words.words, words.number, words.score, words.size, highlights.signed, plain)
    found.filters.update({one.__name__: one for one in filters})
    return found.get_template("card.md.j2")


def _place(run: Run, name: str) -> dict[str, Any]:
    """Return the model's row of the leaderboard, None for what it has not."""
    found = run.leaderboard[run.leaderboard["model"] == name].iloc[0].to_dict()
    return {str(key): None if pd.isna(value) else value for key, value in found.items()}


def _head(name: str, place: dict[str, Any], names: list[str], source: dict[str, str]) -> str:
    """Return the front matter: what the hub, and tools that read it, know a model by."""
    told = source["licence"].startswith("MIT")
    licence = {"license": "mit"} if told else {"license": "other", "license_name": "code-mit-data-as-published"}
    metric = {"type": place["metric"], "name": f"{words.words(place['metric'])}, test images", "value": place["value"]}
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": source["name"], "name": source["title"]},
        "metrics": [{**metric, "value": round(float(metric["value"]), 3)}],
    }
    facts = {
        **licence,
        "library_name": "hemapipe",
        "pipeline_tag": "image-classification",
        "tags": ["blood-smear", "leukemia", "research-only", place["family"], *names],
        "model-index": [{"name": name, "results": [result]}],
    }
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True).strip()


def _explained(run: Run, name: str) -> dict[str, Any]:
    """Return what `highlights.explained` does, and the heaviest blocks of a classical model; {} where not explained."""
    (found,) = highlights.explained(run.explain, [name]) or [{"kept": False}]
    if not found["kept"]:
        return {}
    facts, lost = found["facts"], "balanced_accuracy_lost_"
    blocks = {key.removeprefix(lost): facts[key] for key in facts if key.startswith(lost) and not key.endswith("_sd")}
    heaviest = sorted(blocks.items(), key=lambda block: (-block[1], block[0]))[:_HEAVIEST]
    return {**found, "heaviest": heaviest}
