"""What the top of the page says: the price of leaking, the recommended model, the audit's verdicts, warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from hemapipe.report import words

Metrics = dict[str, Any]
#: From grave to harmless, as the audit words them, and how the page marks them.
VERDICTS = {"would inflate results": "inflates", "warning": "doubtful", "ok": "fine"}


def price(leakage: Metrics) -> dict[str, Any] | None:
    """Return the price of leaking in words, and places of dots and intervals in percent; None where not measured."""
    if not leakage:
        return None
    names = [name for name in ("lr", "cnn") if f"{name}_gap" in leakage]
    shown = [f"{name}_{arm}{end}" for name in names for arm in ("image", "honest") for end in ("", "_low", "_high")]
    ends = [leakage[key] for key in shown if key in leakage]
    left, width = (min(ends), (max(ends) - min(ends)) or 1.0) if ends else (0.0, 1.0)
    models = []
    for name in names:
        known = {key.removeprefix(f"{name}_"): value for key, value in leakage.items() if key.startswith(f"{name}_")}
        place = {
            key: round(100 * (value - left) / width, 2)
            for key, value in known.items()
            if key.startswith(("image", "honest"))
        }
        models.append({**known, "place": place, "verdict": _verdict(known)})
    return {"models": models, "headline": _headline(leakage, models), "facts": leakage}


def signed(value: float) -> str:
    """Return a difference with its sign and three decimals: +0.168, −0.012."""
    return f"{value:+.3f}".replace("-", "−")


def recommended(choice: Metrics, leaderboard: pd.DataFrame) -> dict[str, Any] | None:
    """Return the row of the model that validation named, with its validation score; None where none was named."""
    name = choice.get("recommended", "")
    found = leaderboard[leaderboard["model"] == name]
    if found.empty:
        return None
    row = {str(key): None if pd.isna(value) else value for key, value in found.iloc[0].to_dict().items()}
    return {**row, "validation": choice[name], "validation_metric": choice["metric"]}


def audit(metrics: Metrics, verdicts: Path) -> list[dict[str, str]]:
    """Return check, verdict, mark, evidence and advice of each check, the gravest first.

    Texts come from the table `verdicts`; where it is missing, the flat metrics alone still name the verdicts.
    """
    if verdicts.exists():
        rows = pd.read_csv(verdicts, keep_default_na=False, dtype=str).to_dict("records")
    else:
        named = {key.removeprefix("verdict_"): value for key, value in metrics.items() if key.startswith("verdict_")}
        rows = [{"check": check, "verdict": verdict, "evidence": "", "advice": ""} for check, verdict in named.items()]
    grave_first = sorted(rows, key=lambda row: list(VERDICTS).index(row["verdict"]))
    return [
        {**{str(key): value for key, value in row.items()}, "mark": VERDICTS[row["verdict"]]} for row in grave_first
    ]


def explained(explain: dict[str, Metrics], order: list[str]) -> list[dict[str, Any]]:
    """Return name, kind, verdict and figures of each explained model, in the leaderboard's order.

    `explain`: model → its metrics of the stage `explain`. Networks have `methods`: name, background ratio with limits
    (None where it could not be told), and whether the method passed its own checks. Classical models have the share of
    balanced accuracy that goes with the colour of the background, where they have named attributes.
    """
    found = []
    for name in [one for one in order if one in explain]:
        facts = explain[name]
        methods = [key.removesuffix("_passed") for key in facts if key.endswith("_passed")]
        found.append(
            {
                "name": name,
                "kind": "network" if methods else "classical",
                "kept": facts["n_images"] > 0,
                "looks": bool(facts["looks_at_background"]),
                "tellable": bool(facts["background_tellable"]),
                "methods": [_method(facts, one) for one in sorted(methods, key=list(words.METHODS).index)],
                "facts": facts,
            }
        )
    return found


def _method(facts: Metrics, name: str) -> dict[str, Any]:
    ratio = {end: facts.get(f"{name}_background_ratio{end}") for end in ("", "_low", "_high")}
    return {
        "words": words.METHODS[name],
        "ratio": ratio[""],
        "low": ratio["_low"],
        "high": ratio["_high"],
        "passed": bool(facts[f"{name}_passed"]),
    }


def looks(explain: dict[str, Metrics]) -> list[str]:
    """Return a warning that names the models that look at the background, or none."""
    named = sorted(name for name, facts in explain.items() if facts["looks_at_background"])
    if not named:
        return []
    look = "looks" if len(named) == 1 else "look"
    return [f"{', '.join(named)} {look} at the background of the images: see what the models look at"]


def leaks(split: Metrics, augment: Metrics) -> dict[str, Any]:
    """Return the leak counts; where roles were dealt to samples, augment's counts are the ones that hold."""
    return {key: value for key, value in {**split, **augment}.items() if key.startswith("leak")}


def warnings(params: Metrics, catalog: Metrics, split: Metrics, augment: Metrics, score: Metrics) -> list[str]:
    """Return, in words, what a reader must know before believing a number; `score` are the metrics of any model."""
    found = [text for text in str(catalog.get("warnings", "")).split("; ") if text]
    for key, value in leaks(split, augment).items():
        if value:
            found.append(
                f"{value} test samples share {words.SHARED.get(key, words.words(key))} with training or validation"
            )
    if params["augment"]["before_split"]:
        found.append("roles were dealt to samples after augmentation: the split's own roles were not used")
    without = split.get("n_without_patient", 0)
    if without and params["split"]["scheme"] in ("patient", "group"):
        found.append(f"{without} images name no patient; each counts as a patient of its own, so patients may leak")
    if score.get("few_groups"):
        found.append(
            f"the test images are of only {score['n_groups']} groups: every interval is rough, and a difference "
            "between two models must be large to show"
        )
    if score.get("few_groups_rarest"):
        found.append(few_of_a_class(score))
    return found


def few_of_a_class(score: Metrics) -> str:
    """Return what the mark † in the leaderboard means; `score` are the metrics of any model."""
    n = score["n_groups_rarest"]
    return (
        f"the rarest class has test images of only {n} {'group' if n == 1 else 'groups'}: averages over classes, such "
        "as balanced accuracy, rest on them, and their intervals (†) are too narrow or missing"
    )


def _verdict(model: Metrics) -> str:
    gap = signed(model["gap"])
    if "gap_low" not in model:
        return f"differs by {gap} (no interval)"
    ends = f"95 % interval {signed(model['gap_low'])} to {signed(model['gap_high'])}"
    if model["gap_low"] > 0:
        return f"looks {gap} better than it is ({ends})"
    if model["gap_high"] < 0:
        return f"looks {gap} worse than it is ({ends})"
    return f"differs by {gap}, which may be chance ({ends})"


def _headline(leakage: Metrics, models: list[dict[str, Any]]) -> str:
    if not models:
        return "The price of leaking could not be measured."
    sure = [model["gap"] for model in models if model.get("gap_low", 0) > 0]
    if not sure:
        return "On these images a split by image makes no difference that shows."
    between = " to ".join(f"{gap:.2f}" for gap in sorted({round(min(sure), 2), round(max(sure), 2)}))
    stand_in = {"contiguous": "pictures of another time"}.get(leakage["scheme_honest"], "new patients")
    return f"A split by image would flatter a model here by {between} of balanced accuracy, lost on {stand_in}."
