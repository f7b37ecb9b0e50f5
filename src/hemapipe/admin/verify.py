"""Compare this run's metrics with the committed ones.

On one kind of processor they are equal to the last digit. On another, arithmetic differs in its last bits and training
amplifies that, so a number may move, but by no more than its own uncertainty:

- A metric with an interval (`accuracy` beside `accuracy_low`, `accuracy_high`) may differ by half the interval's width.
- Its bounds and spread (`<metric>_low`, `_high`, `_sd`, `_se`) may differ by the same.
- Counts, names and flags have no interval: they must be equal.
- Other numbers without an interval (a training loss, a temperature, in `metrics/train/` also whole numbers such as the
  best epoch) are by-products of training: shown, not judged. Where the data alone decide (catalog, split, augment)
  they must be equal.
- `metrics/compare.json` repeats what the models' own files hold: judged there, shown here.
- What only one side has, as a row was added (`new`) or removed (`gone`) since, is shown, not judged; in a file that
  both have, a key that only one has is beyond any tolerance.
- `metrics/environment.json` says what the machine was and is expected to differ.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from hemapipe.admin.git import files_at, git
from hemapipe.admin.pipeline import read_pipeline
from hemapipe.core.errors import HemapipeError

BOUNDS = ("_low", "_high", "_sd", "_se")
#: What training decides: the whole numbers in it (best epoch, iterations) may move with the last bits as well.
TRAINED = "metrics/train/"
#: What the data alone decide: nothing there may move.
EXACT = ("metrics/catalog.json", "metrics/split.json", "metrics/augment.json")
REPEATED = "metrics/compare.json"
#: Holds a key per model, beside the name of the best one.
CHOICE = "metrics/choice.json"
MACHINE = "metrics/environment.json"
ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One metric that is not what was committed; `tolerance` is None where it is not judged."""

    file: str
    key: str
    committed: Any
    current: Any
    tolerance: float | None

    @property
    def accepted(self) -> bool:
        """Whether the difference is within the tolerance, or not judged at all."""
        if self.tolerance is None:
            return True
        if not (_is_number(self.committed) and _is_number(self.current)):
            return False
        return abs(self.current - self.committed) <= self.tolerance


def tolerance(metrics: dict[str, Any], key: str, file: str = "") -> float | None:
    """Return by how much `key` may differ from its value in the committed `metrics`; None: any amount."""
    if file == REPEATED:
        return None
    named = [key.removesuffix(end) for end in BOUNDS if key.endswith(end)]
    parent = next((name for name in named if name in metrics), key)
    low, high = metrics.get(f"{parent}_low"), metrics.get(f"{parent}_high")
    if _is_number(low) and _is_number(high):
        return (high - low) / 2
    if file in EXACT or not _is_number(metrics.get(key)):
        return 0.0
    is_count = isinstance(metrics[key], int)
    return 0.0 if is_count and not file.startswith(TRAINED) else None


def differences(file: str, committed: dict[str, Any], current: dict[str, Any]) -> list[Difference]:
    """Compare two flat metrics files.

    A key that only one of them has counts as beyond any tolerance, except where keys are models.
    """
    found = []
    for key in sorted(committed.keys() | current.keys()):
        old, new = committed.get(key, ABSENT), current.get(key, ABSENT)
        if old != new:
            found.append(Difference(file, key, old, new, _allowed(file, key, committed, current)))
    return found


def _allowed(file: str, key: str, committed: dict[str, Any], current: dict[str, Any]) -> float | None:
    both = committed.keys() & current.keys()
    if key not in both:
        return None if file in (REPEATED, CHOICE) else 0.0
    if file == CHOICE and key == "recommended" and not {committed[key], current[key]} <= both:
        return None  # one of the two models is not there on the other side
    return tolerance(committed, key, file)


def verify(root: Path, revision: str = "HEAD") -> list[Difference]:
    """Compare every `metrics/**.json` of the workspace with the one at `revision`.

    Raises:
        HemapipeError: nothing is committed there, or a committed file that params.yaml still asks for is missing here.
    """
    committed = {name for name in files_at(root, revision, "metrics") if name.endswith(".json")} - {MACHINE}
    if not committed:
        raise HemapipeError(f"no metrics are committed at {revision}: nothing to compare with")
    pipeline = read_pipeline(root)
    here = {path.relative_to(root).as_posix() for path in (root / "metrics").rglob("*.json")} - {MACHINE}
    gone = {name for name in committed if pipeline.is_stale(name)}
    new = {name for name in here - committed if not pipeline.is_stale(name)}
    missing = sorted(committed - gone - here)
    if missing:
        raise HemapipeError(f"missing here: {', '.join(missing)}. Run `make repro` first.")
    return [
        *(Difference(name, "all", "there", ABSENT, None) for name in sorted(gone)),
        *(Difference(name, "all", ABSENT, "there", None) for name in sorted(new)),
        *(
            one
            for name in sorted(committed - gone)
            for one in differences(name, json.loads(git(root, "show", f"{revision}:{name}")), _read(root / name))
        ),
    ]


def render(found: list[Difference]) -> str:
    """Lay the differences out as a table, the refused ones last."""
    if not found:
        return "identical: every metric equals the committed one to the last digit"
    rows: list[tuple[str, ...]] = [("metric", "committed", "here", "difference", "tolerance", "")]
    rows += [_row(one) for one in sorted(found, key=lambda one: (not one.accepted, one.file, one.key))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    refused = sum(not one.accepted for one in found)
    closing = f"{refused} beyond the tolerance" if refused else "all within the tolerance"
    return "\n".join([*lines, f"{len(found)} differ, {closing}"])


def _row(one: Difference) -> tuple[str, ...]:
    numeric = _is_number(one.committed) and _is_number(one.current)
    return (
        f"{one.file.removeprefix('metrics/').removesuffix('.json')}: {one.key}",
        _text(one.committed),
        _text(one.current),
        f"{one.current - one.committed:+.4g}" if numeric else "",
        "not judged" if one.tolerance is None else f"{one.tolerance:.4g}",
        _verdict(one),
    )


def _verdict(one: Difference) -> str:
    if not one.accepted:
        return "BEYOND"
    return "gone" if one.current == ABSENT else "new" if one.committed == ABSENT else "ok"


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
