"""Write everything `evaluate` has to say about one model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from hemapipe.core.tables import write_table
from hemapipe.evaluation import curves, plots
from hemapipe.evaluation.predictions import ScoredRows


def write_plots(rows: ScoredRows, metrics: dict[str, float], n_bins: int, folder: Path) -> None:
    """Write the tables of `curves` as CSV into `folder`, and a PNG of each beside it."""
    tables = curves.tables(rows, n_bins)
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    for name, paint in _painters(rows.class_names, metrics).items():
        plots.draw(paint, tables[name], path=folder / f"{name}.png")


def _painters(class_names: list[str], metrics: dict[str, float]) -> dict[str, Callable[..., None]]:
    def areas(prefix: str) -> dict[str, float]:
        return {name: metrics[f"{prefix}_{name}"] for name in class_names if f"{prefix}_{name}" in metrics}

    return {
        "confusion": partial(plots.confusion, class_names=class_names),
        "roc": partial(plots.roc, areas=areas("roc_auc")),
        "pr": partial(plots.precision_recall, areas=areas("pr_auc")),
        "reliability": plots.reliability,
    }
