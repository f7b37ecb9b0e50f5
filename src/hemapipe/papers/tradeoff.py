"""The picture of what accuracy costs: against seconds per epoch, parameters, and milliseconds per image."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from hemapipe.evaluation.plots import COLOURS, FAINT, INK, STYLE, save
from hemapipe.papers.runs import networks_of, read_json, read_list

METRIC = "accuracy"
#: Costs, by their names in `metrics/train/<model>.json` or `timings.json`. Classical models are not drawn: their own
#: time says little, as the features cost most.
AXES = {
    "seconds_per_epoch": "seconds per epoch",
    "n_parameters": "parameters",
    "ms_per_image": "milliseconds per image",
}
#: One for each round through the colours.
MARKERS = ("o", "s", "^")


class Point(NamedTuple):
    """A network: its metric with the 95 % interval (the value itself where it has none), and its costs by `AXES`."""

    name: str
    value: float
    low: float
    high: float
    costs: dict[str, float]


def points(run_dir: Path) -> list[Point]:
    """Return the networks of a run that have timings and metrics; [] where `timings.json` is missing or empty.

    A cost that is not known or not above 0 is left out, as it has no place on a logarithmic axis.
    """
    found, networks = [], networks_of(run_dir)
    for timing in read_list(run_dir / "timings.json"):
        metrics = read_json(run_dir / "metrics" / "evaluate" / f"{timing['name']}.json")
        if timing["stage"] == "train_cnn" and METRIC in metrics:
            costs = {**read_json(run_dir / "metrics" / "train" / f"{timing['name']}.json"), **timing}
            value = metrics[METRIC]
            low, high = metrics.get(f"{METRIC}_low", value), metrics.get(f"{METRIC}_high", value)
            known = {name: float(costs[name]) for name in AXES if costs.get(name, 0) > 0}
            network = networks.get(timing["name"], timing["name"])
            name = timing["name"] if network == timing["name"] else f"{timing['name']}: {network}"
            found.append(Point(name, value, low, high, known))
    return found


def draw(found: list[Point], title: str, subtitle: str, path: Path) -> None:
    """Draw three panels that share the metric's axis, each point with its 95 % interval upright."""
    found = sorted(found, key=lambda one: -one.value)
    looks = dict(zip([one.name for one in found], product(MARKERS, COLOURS), strict=False))
    with mpl.rc_context({**STYLE, "font.size": 9.5}):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        figure.suptitle(title, x=0.008, ha="left", fontsize=12, weight="bold", color=INK)
        figure.supxlabel(f"{subtitle}\nbars: 95 % intervals", x=0.008, ha="left", fontsize=8.5, color=FAINT)
        panels = figure.subplots(1, len(AXES), sharey=True)
        for axes, (cost, words) in zip(panels, AXES.items(), strict=True):
            _panel(axes, [one for one in found if cost in one.costs], cost, words, looks)
        panels[0].set_ylabel(f"{METRIC} on the test images")
        keys = [Line2D([], [], color=colour, marker=marker, linestyle="") for marker, colour in looks.values()]
        figure.legend(keys, list(looks), loc="outside right upper", frameon=False, fontsize=9)
        save(figure, path)


def _panel(axes: Axes, found: list[Point], cost: str, words: str, looks: dict[str, tuple[str, str]]) -> None:
    for one in found:
        marker, colour = looks[one.name]
        axes.vlines(one.costs[cost], one.low, one.high, colour, linewidth=2, alpha=0.4)
        axes.plot(one.costs[cost], one.value, marker, color=colour, markersize=6)
    axes.set_xscale("log")
    axes.set_xlabel(words)
    if not found:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=FAINT)
        axes.xaxis.set_major_locator(NullLocator())
        return
    values = [one.costs[cost] for one in found]
    room = max(2.5, (max(values) / min(values)) ** 0.35)
    low, high = min(values) / room, max(values) * room
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(ticks(low, high)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high`: 1, 2, 5 of each decade, or fewer where more than 5 would crowd."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3)):
        found = [digit * 10.0**decade for decade in decades if decade % every == 0 for digit in digits]
        found = [value for value in found if low <= value <= high]
        if len(found) <= 5:
            return found
    return found


def short(value: float) -> str:
    """Write a number of an axis: 0.05, 20, 5k, 2M."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"
