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
- `metrics/environment.json` says what the machine was and is expected to differ.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from hemapipe.admin.git import files_at, git
from hemapipe.core.errors import HemapipeError

BOUNDS = ("_low", "_high", "_sd", "_se")
#: What training decides: the whole numbers in it (best epoch, iterations) may move with the last bits as well.
TRAINED = "metrics/train/"
#: What the data alone decide: nothing there may move.
EXACT = ("metrics/catalog.json", "metrics/split.json", "metrics/augment.json")
REPEATED = "metrics/compare.json"
MACHINE = "metrics/environment.json"


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
    """Compare two flat metrics files; a key that only one of them has counts as beyond any tolerance."""
    found = []
    for key in sorted(committed.keys() | current.keys()):
        old, new = committed.get(key, "absent"), current.get(key, "absent")
        if old != new:
            allowed = 0.0 if "absent" in (old, new) else tolerance(committed, key, file)
            found.append(Difference(file, key, old, new, allowed))
    return found


def verify(root: Path, revision: str = "HEAD") -> list[Difference]:
    """Compare every `metrics/**.json` of the workspace with the one at `revision`.

    Raises:
        HemapipeError: nothing is committed there, or a committed file is missing here.
    """
    files = [name for name in files_at(root, revision, "metrics") if name.endswith(".json") and name != MACHINE]
    if not files:
        raise HemapipeError(f"no metrics are committed at {revision}: nothing to compare with")
    missing = [name for name in files if not (root / name).exists()]
    if missing:
        raise HemapipeError(f"missing here: {', '.join(missing)}. Run `make repro` first.")
    return [
        one
        for name in files
        for one in differences(name, json.loads(git(root, "show", f"{revision}:{name}")), _read(root / name))
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
        "ok" if one.accepted else "BEYOND",
    )


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
