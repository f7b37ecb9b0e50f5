"""Runs of a paper with one thing changed, `results/<paper>-<variant>[-reduced]/`, beside the run they vary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemapipe.admin.results import cell
from hemapipe.papers.claims import Paper
from hemapipe.papers.runs import read_json

METRICS = ("accuracy", "balanced_accuracy")
TITLES = ("variant", "row", *(metric.replace("_", " ") for metric in METRICS), "run")


@dataclass(frozen=True)
class _Run:
    """A folder of results and its run.json; `kind`: what a variant and the run it varies have in common."""

    folder: Path
    origin: dict[str, Any]

    @property
    def variant(self) -> str:
        return str(self.origin.get("variant") or "")

    @property
    def kind(self) -> tuple[Any, ...]:
        return tuple(self.origin.get(key) or "" for key in ("split", "reduced", "stand_in"))


def table(paper: Paper, results_dir: Path) -> str:
    """Return a table in Markdown, a line per variant and row of ours; '' where there is no such run.

    The runs without a variant that they are to be compared with come first, with the rows of the paper's own models.
    """
    found = [_Run(path.parent, read_json(path)) for path in results_dir.glob("*/run.json")]
    found = [run for run in found if run.origin.get("paper") == paper.name]
    kinds = {run.kind for run in found if run.variant}
    runs = sorted((run for run in found if run.kind in kinds), key=_order)
    own = {row for rows in paper.rows.values() for row in rows}
    lines = [line for run in runs for line in _lines(run, own)]
    if not lines:
        return ""
    head = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    return "\n".join([f"Variants of {paper.name}:", "", *head, *lines])


def _order(run: _Run) -> tuple[list[tuple[int, str]], str]:
    """Sort by the numbers in the names: per_class_800 before per_class_1000."""
    parts = re.findall(r"\d+|\D+", run.variant)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts], run.folder.name


def _lines(run: _Run, own: set[str]) -> list[str]:
    """Return the lines of a run: every row of a variant, the rows in `own` of the run that it varies."""
    found = []
    for path in sorted((run.folder / "metrics" / "evaluate").glob("*.json")):
        if run.variant or path.stem in own:
            values = [cell(read_json(path), metric) for metric in METRICS]
            found.append("| " + " | ".join([run.variant or "none", path.stem, *values, _about(run)]) + " |")
    return found


def _about(run: _Run) -> str:
    """Return the folder, the split, the archive that stands in for the paper's, whether reduced, and the device."""
    origin = run.origin
    stand_in = f"stand-in {origin['stand_in']}" if origin.get("stand_in") else ""
    reduced = "reduced" if origin.get("reduced") else ""
    words = [f"`{run.folder.name}`", origin.get("split"), stand_in, reduced, origin.get("device")]
    return ", ".join(word for word in words if word)
