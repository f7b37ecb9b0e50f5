"""What the explanation of any model leaves: flat metrics, a table and a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots

NO_WEIGHTS = "Nothing to explain: the run kept no weights"
NO_IMAGES = "Nothing to explain: fold 0 has no labelled test image"


class Outcome(NamedTuple):
    """`metrics` have `looks_at_background` and `background_tellable`, 0 or 1; `draw` writes the picture to a path."""

    metrics: dict[str, Any]
    table: pd.DataFrame
    draw: Callable[[Path], None]


def nothing(reason: str) -> Outcome:
    """Return the outcome of a run that has nothing to explain: it says why, and no more."""
    draw = lambda path: plots.draw(_say, reason, path=path, size=(5.0, 0.9))  # noqa: E731
    metrics = {"n_images": 0, "looks_at_background": 0, "background_tellable": 0}
    return Outcome(metrics, pd.DataFrame({"note": [reason]}), draw)


def write(outcome: Outcome, name: str, root: Path) -> str:
    """Write metrics/explain/<name>.json, plots/explain/<name>.csv and .png below `root`; return a line that tells."""
    write_json(rounded(outcome.metrics), root / f"metrics/explain/{name}.json")
    write_table(outcome.table, root / f"plots/explain/{name}.csv")
    outcome.draw(root / f"plots/explain/{name}.png")
    if not outcome.metrics["n_images"]:
        return f"{name}: {outcome.table['note'].iloc[0]}"
    if not outcome.metrics["background_tellable"]:
        return f"{name}: whether it looks at the background cannot be told"
    return f"{name}: {'LOOKS' if outcome.metrics['looks_at_background'] else 'no sign that it looks'} at the background"


def rounded(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics with six significant digits, so that the order of sums does not show."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in metrics.items()}


def _say(axes: Any, reason: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes)
