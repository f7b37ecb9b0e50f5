"""The probes as a picture and as tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from hemapipe.audit.core import Audit
from hemapipe.audit.probes import DEEP
from hemapipe.audit.summary import probe_table, verdict_table
from hemapipe.core.tables import write_table
from hemapipe.evaluation.plots import COLOURS, FAINT, draw


def write(audit: Audit, folder: Path) -> None:
    """Write verdicts.csv, probes.csv and probes.png to `folder`."""
    table = probe_table(audit)
    write_table(verdict_table(audit), folder / "verdicts.csv")
    write_table(table, folder / "probes.csv")
    draw(paint_probes, table, path=folder / "probes.png", size=(7.0, 1.2 + 0.3 * max(len(table), 1)))


def paint_probes(axes: Axes, table: pd.DataFrame) -> None:
    """Draw each probe with its interval, beside chance; those that see cells, apart in colour."""
    axes.set(title="What each probe reaches without the rest", xlabel="balanced accuracy, 95 % interval over groups")
    axes.set(xlim=(0, 1.02))
    if table.empty:
        axes.text(0.5, 0.5, "no honest split of two classes: no probes", ha="center", va="center", color=FAINT)
        axes.set_yticks([])
        return
    for place, row in enumerate(reversed(table.to_dict("records"))):
        colour = COLOURS[0] if row["probe"] in DEEP else COLOURS[1]
        axes.plot([row["low"], row["high"]], [place, place], color=colour, alpha=0.5, linewidth=3)
        axes.plot(row["balanced_accuracy"], place, "o", color=colour)
    chance = float(table["chance"].iloc[0])
    axes.axvline(chance, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.text(chance, len(table) - 0.45, " chance", color=FAINT, fontsize=7.5, va="center")
    axes.set_yticks(range(len(table)), [str(name).replace("_", " ") for name in table["probe"][::-1]])
    axes.grid(axis="y", visible=False)
