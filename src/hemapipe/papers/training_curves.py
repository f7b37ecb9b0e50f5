"""The picture of training that a paper prints: accuracy and loss by epoch of its models, with its own numbers in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from hemapipe.evaluation.plots import COLOURS, FAINT, INK, STYLE, save
from hemapipe.papers.claims import Claim, Paper
from hemapipe.papers.epochs import CURVES, followed, over_folds, read_curves

TITLES = {"accuracy": "Accuracy", "log_loss": "Loss (cross-entropy)"}
#: Training is dashed, validation solid.
DASHES = ((0, (4, 2)), "-")
#: Markers of what the paper printed, by what it is of.
MARKERS = {"training": "^", "validation": "o", "unstated": "D"}


class Model(NamedTuple):
    """A model of the paper by a row of ours: its name, colour, curves (see `read_curves`), and the claims."""

    name: str
    colour: str
    curves: pd.DataFrame
    claims: list[Claim]


def models(paper: Paper, run_dir: Path) -> list[Model]:
    """Return the models that the paper followed through training and that the run has curves of."""
    found: list[Model] = []
    for name, claims in followed(paper).items():
        for row in paper.rows[name]:
            curves = read_curves(run_dir, row)
            if curves is not None:
                found.append(Model(name, COLOURS[len(found)], curves, claims))
    return found


def draw(found: list[Model], end: int, title: str, subtitle: str, path: Path) -> None:
    """Draw accuracy and loss by epoch: mean over folds, each fold thin.

    `end`: the paper's last epoch, to mark what it printed; 0 to leave that out.
    """
    lines = ["dashed: training, solid: validation", "thin: single folds" if _n_folds(found) > 1 else ""]
    if end:
        markers = "△ of training, ○ of validation, ◇ not said which"
        lines.append(f"hollow: printed by the paper, {markers}; without epoch: at {end}")
    with mpl.rc_context({**STYLE, "font.size": 9.5}):
        figure = Figure(figsize=(9.2, 4.4), layout="constrained")
        figure.suptitle(title, x=0.008, ha="left", fontsize=12, weight="bold", color=INK)
        note = "\n".join([subtitle, " · ".join(line for line in lines if line)])
        figure.supxlabel(note, x=0.008, ha="left", fontsize=8.5, color=FAINT)
        for metric, axes in zip(CURVES, figure.subplots(1, 2), strict=True):
            _panel(axes, metric, found, end)
        keys = [Line2D([], [], color=one.colour, label=one.name) for one in found]
        figure.legend(handles=keys, loc="outside right upper", frameon=False, fontsize=9)
        save(figure, path)


def _n_folds(found: list[Model]) -> int:
    return max(one.curves["fold"].nunique() for one in found)


def _panel(axes: Axes, metric: str, found: list[Model], end: int) -> None:
    for one in found:
        mean = over_folds(one.curves)
        for column, dashes in zip(CURVES[metric], DASHES, strict=True):
            for _, fold in one.curves.groupby("fold"):
                axes.plot(fold["epoch"], fold[column], one.colour, linestyle=dashes, linewidth=0.6, alpha=0.35)
            axes.plot(mean.index, mean[column], color=one.colour, linestyle=dashes)
        for claim in marked(one, metric, end):
            axes.plot(claim.epoch or end, claim.claimed, MARKERS[claim.split], color=one.colour, markersize=6,
                      markerfacecolor="white", markeredgewidth=1.3, zorder=4)  # fmt: skip
    last = max(end, *(int(one.curves["epoch"].max()) for one in found))
    axes.set(title=TITLES[metric], xlabel="epoch", xlim=(0.5, last + 0.5))
    ticks = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 < tick <= last]))
    if metric == "accuracy":
        axes.set_ylim(None, 1.01)
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())


def marked(one: Model, metric: str, end: int) -> list[Claim]:
    """Return the claims drawn: all of an epoch, and of those of none the last of its role; [] without `end`."""
    claims = [claim for claim in one.claims if end and claim.metric == metric and claim.split in MARKERS]
    last = {claim.split: claim for claim in claims if not claim.epoch}
    return [*(claim for claim in claims if claim.epoch), *last.values()]
