"""What the templates show of an image, a patient and the run, worked out beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

from hemapipe.cells.attributes import NAMES
from hemapipe.serve import measured, words
from hemapipe.serve.answers import flags
from hemapipe.serve.engine import Run
from hemapipe.serve.protocol import Protocol
from hemapipe.serve.seen import Seen, agreement, best, of_positive


def picture_size(n_images: int) -> int:
    """Return the side of the pictures in pixels: a page of many images must stay one that can be sent."""
    return 512 if n_images <= 12 else 320 if n_images <= 40 else 128


def at_odds(run: Run, label: str, decision: str) -> bool:
    """Say whether the likeliest class and the screening decision contradict each other.

    The threshold is set for a sensitivity on few validation patients: it may lie far from one half.
    """
    return decision in {"positive", "negative"} and (label in run.positive) != (decision == "positive")


def bar(classes: list[str], p: Any, colours: dict[str, str]) -> list[dict[str, Any]]:
    """Return the parts of a stacked bar: class, colour, start and width in percent, and p itself."""
    values = np.asarray(p, float)
    starts = np.concatenate([[0.0], np.cumsum(values)])[:-1]
    return [
        {
            "name": name,
            "colour": colours[name],
            "x": round(100 * float(start), 2),
            "width": round(100 * float(value), 2),
            "p": float(value),
        }
        for name, start, value in zip(classes, starts, values, strict=True)
    ]


def card(run: Run, seen: Seen) -> dict[str, Any]:
    """Return what is shown of one image."""
    if seen.finding is None:
        return {"seen": seen, "problem": seen.problem, "warnings": [], "void": True}
    colours = words.colours(run.classes)
    label, p = best(run, seen.finding)
    told = [words.flag(name) for name in flags(seen)]
    first = [(one, words.value(seen.finding.attributes[one.name], one.unit)) for one in words.FIRST]
    shown = {one.name for one in words.FIRST}
    return {
        "seen": seen,
        "problem": "",
        "warnings": [text for text, _ in told],
        "void": any(grave for _, grave in told),
        "label": label,
        "p": p,
        "decision": seen.finding.decisions.get(run.recommended, ""),
        "leukemic": of_positive(run, seen.finding.probabilities[run.recommended]),
        "threshold": getattr(run.models[run.recommended], "threshold", None) if run.positive else None,
        "at_odds": at_odds(run, label, seen.finding.decisions.get(run.recommended, "")),
        "agreement": agreement({name: seen.finding.labels[name] for name in run.models}, run.recommended),
        "bars": {name: bar(run.classes, seen.finding.probabilities[name], colours) for name in run.models},
        "labels": seen.finding.labels,
        "decisions": seen.finding.decisions,
        "attributes": first,
        "rest": [(name, f"{seen.finding.attributes[name]:.4g}") for name in NAMES if name not in shown],
    }


def patient(run: Run, verdict: Any, protocol: Protocol) -> dict[str, Any]:
    """Return what is shown of one patient, who is uncertain as in the run's evaluation."""
    if not verdict.label:
        return {"verdict": verdict, "share_p": 0.0, "at_odds": False, "doubts": "no image that can be judged"}
    ordered = np.sort(verdict.p)
    few = verdict.n_used < protocol.few_images
    near = ordered[-1] - ordered[-2:][0] < protocol.low_margin
    odd = at_odds(run, verdict.label, verdict.decision)
    told = {"few images": few, "two classes are near": near, "class and screening are at odds": odd}
    doubts = [text for text, holds in told.items() if holds]
    share = float(verdict.p[run.classes.index(verdict.label)])
    return {"verdict": verdict, "share_p": share, "at_odds": odd, "doubts": ", ".join(doubts)}


def about(run: Run, protocol: Protocol) -> dict[str, Any]:
    """Return what the models' scores were measured on."""
    return {
        "how": measured.told(run.facts, protocol.scheme),
        "unseen_patients": measured.unseen_patients(run.facts),
        "chance": 1 / len(run.classes),
        "n_folds": run.facts.get("split", {}).get("n_folds", 0),
        "refused": run.facts.get("reject", {}).get("test_refused"),
    }
