"""What the explanation of any model leaves: flat metrics, a table and a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots

_NO_WEIGHTS = "Nothing to explain: the run kept no weights"


class Outcome(NamedTuple):
    """`metrics` have `looks_at_background`, 0 or 1; `draw` writes the picture to a path."""

    metrics: dict[str, Any]
    table: pd.DataFrame
    draw: Callable[[Path], None]


def nothing() -> Outcome:
    """Return the outcome of a run that kept no weights, or has no labelled test image: it says so, and no more."""
    draw = lambda path: plots.draw(_say, path=path, size=(5.0, 0.9))  # noqa: E731
    return Outcome({"n_images": 0, "looks_at_background": 0}, pd.DataFrame({"note": [_NO_WEIGHTS]}), draw)


def write(outcome: Outcome, name: str, root: Path) -> str:
    """Write metrics/explain/<name>.json, plots/explain/<name>.csv and .png below `root`; return a line that tells."""
    write_json(rounded(outcome.metrics), root / f"metrics/explain/{name}.json")
    write_table(outcome.table, root / f"plots/explain/{name}.csv")
    outcome.draw(root / f"plots/explain/{name}.png")
    if not outcome.metrics["n_images"]:
        return f"{name}: {_NO_WEIGHTS}"
    return f"{name}: {'LOOKS' if outcome.metrics['looks_at_background'] else 'does not look'} at the background"


def rounded(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics with six significant digits, so that the order of sums does not show."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in metrics.items()}


def _say(axes: Any) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, _NO_WEIGHTS, ha="center", va="center", transform=axes.transAxes)
