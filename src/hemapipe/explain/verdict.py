"""When a model is said to look at the background, and why these rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hemapipe.explain.methods import METHODS

#: A map of the trained network and one of a network with shuffled weights that are more alike than this (Spearman)
#: show the image, not the network. Adebayo et al. 2018 give no limit: .5 is what two maps have whose ranks share a
#: quarter of their variance.
MOST_ALIKE = 0.5
#: One method alone may owe its map to the way it works; two that work differently are asked for.
LEAST_METHODS = 2


def passed(metrics: Mapping[str, Any], method: str) -> bool:
    """Say whether a method's maps are better than chance, by their whole interval, and depend on the weights."""
    better = metrics.get(f"{method}_gain_low", 0.0) > 0
    return better and abs(metrics.get(f"{method}_similarity", 1.0)) < MOST_ALIKE


def leans(metrics: Mapping[str, Any], method: str) -> bool:
    """Say whether a method that passed finds attribution concentrated on the background.

    The whole interval of the ratio must lie above 1, its share of the area, and above what shuffled weights give: a
    method may itself prefer some places, such as smooth or bright ones, and shuffled weights show how much.
    """
    low = metrics.get(f"{method}_background_ratio_low", 0.0)
    return passed(metrics, method) and low > max(1.0, metrics.get(f"{method}_background_ratio_shuffled", 1.0))


def tellable(metrics: Mapping[str, Any]) -> int:
    """Return 1 if enough methods passed for a verdict, else 0: without them nothing is known, for or against."""
    return int(sum(passed(metrics, method) for method in METHODS) >= LEAST_METHODS)


def looks_at_background(metrics: Mapping[str, Any]) -> int:
    """Return 1 if at least `LEAST_METHODS` methods find so, else 0."""
    return int(sum(leans(metrics, method) for method in METHODS) >= LEAST_METHODS)
