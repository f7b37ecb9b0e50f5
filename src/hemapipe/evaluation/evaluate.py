"""Write everything `evaluate` has to say about one model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from hemapipe.core.tables import write_table
from hemapipe.evaluation import curves, plots
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows


def write_plots(
    rows: ScoredRows, metrics: dict[str, Any], patients: pd.DataFrame, params: EvaluateParams, folder: Path
) -> None:
    """Write the tables of `curves` and that of the patients as CSV into `folder`, and a PNG of each beside it."""
    tables = {**curves.tables(rows, params.ece_bins), "patients": patients}
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    for name, paint in _painters(rows.class_names, metrics, params).items():
        plots.draw(paint, tables[name], path=folder / f"{name}.png")


def _painters(
    class_names: list[str], metrics: dict[str, Any], params: EvaluateParams
) -> dict[str, Callable[..., None]]:
    def areas(prefix: str) -> dict[str, float]:
        return {name: metrics[f"{prefix}_{name}"] for name in class_names if f"{prefix}_{name}" in metrics}

    return {
        "confusion": partial(plots.confusion, class_names=class_names),
        "roc": partial(plots.roc, areas=areas("roc_auc")),
        "pr": partial(plots.precision_recall, areas=areas("pr_auc")),
        "reliability": plots.reliability,
        "patients": partial(
            plots.patients,
            unit=str(metrics["patient_unit"]),
            few_images=params.few_images,
            low_margin=params.low_margin,
        ),
    }
