"""Explain one classical model: what it loses without each feature set, family of attributes and attribute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hemapipe.evaluation.plots import COLOURS, FAINT
from hemapipe.explain.families import BACKGROUND, family
from hemapipe.explain.importance import Sets, blocks, importance
from hemapipe.training.classical.store import ClassicalModel

#: Families whose attributes are tried singly: the ones the model leans on most.
_SINGLY = 3
#: A model looks at the background if without its colour it loses this share of what it knows beyond chance. On
#: generated images, where that colour tells nothing of the class, the seven default models lost up to .07: patients
#: are few, and each has a stain of its own.
LEAST_LOST = 0.1
#: … and if that loss is more than this many standard deviations (over the permutations) above none.
_SURE = 2.0
_KINDS = {"set": ("feature set", COLOURS[7]), "family": ("family of attributes", COLOURS[0])}
_SHOWN_ATTRIBUTES = 6
#: Where the picture's axis turns from linear to logarithmic, and its marks.
_LINEAR, _TICKS = 0.05, (-0.3, -0.1, -0.05, 0.0, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Weighed:
    """What was found: a row per block, and flat metrics."""

    table: pd.DataFrame
    metrics: dict[str, Any]


def weigh(
    model: ClassicalModel, features: np.ndarray, labels: np.ndarray, sets: list[Sets], n_repeats: int, seed: int
) -> Weighed:
    """Return the importance of every block on test rows `features` (n, d) with classes `labels` (n,); see docs."""
    every = blocks(sets)
    first, scores = importance(
        model, features, labels, [part for part in every if part.kind != "attribute"], n_repeats, seed
    )
    heaviest = first.loc[first["kind"] == "family", "block"].head(_SINGLY).to_list()
    single = [part for part in every if part.kind == "attribute" and family(part.name) in heaviest]
    tables = [first, importance(model, features, labels, single, n_repeats, seed)[0]] if single else [first]
    table = pd.concat(tables, ignore_index=True)
    chance = 1 / len(np.unique(labels))
    facts: dict[str, Any] = {"n_test": len(labels), "chance": chance, **scores}
    for row in first.to_dict("records"):
        for score in ("log_loss", "balanced_accuracy"):
            facts[f"{score}_lost_{_slug(row['block'])}"] = row[score]
            facts[f"{score}_lost_{_slug(row['block'])}_sd"] = row[f"{score}_sd"]
    skill = max(scores["balanced_accuracy"] - chance, 1e-9)
    facts["looks_at_background"] = _looks(first, skill)
    facts["background_tellable"] = int((first["block"] == BACKGROUND).any())
    return Weighed(table, {**facts, "top_attribute": _top(table)})


def paint(axes: Axes, table: pd.DataFrame, title: str) -> None:
    """Draw what is lost with each set and family, and with the heaviest attributes; the background's in red."""
    table = pd.concat([table[table["kind"] == "set"], table[table["kind"] == "family"],
                       table[table["kind"] == "attribute"].head(_SHOWN_ATTRIBUTES)])  # fmt: skip
    for place, row in enumerate(table.iloc[::-1].to_dict("records")):
        of_background = row["block"] == BACKGROUND or row["block"].startswith("background_")
        colour = COLOURS[1] if of_background else _KINDS.get(row["kind"], ("", COLOURS[5]))[1]
        axes.barh(place, row["log_loss"], color=colour, height=0.68, xerr=row["log_loss_sd"], ecolor=FAINT)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=_LINEAR)
    left = min(0.0, 1.1 * float((table["log_loss"] - table["log_loss_sd"]).min()))
    right = max(1.2 * float((table["log_loss"] + table["log_loss_sd"]).max()), 2 * _LINEAR)
    ticks = [at for at in _TICKS if left <= at <= right]
    axes.set_xticks(ticks, [f"{at:g}" for at in ticks])
    axes.set_xlim(left, right)
    axes.minorticks_off()
    axes.set_yticks(range(len(table)), [name.replace("_", " ") for name in table["block"]][::-1])
    axes.set(title=title, xlabel="rise of the log loss when dealt to other images (± sd; linear to .05)")
    axes.grid(axis="y", visible=False)
    keys = [*_KINDS.values(), ("single attribute", COLOURS[5]), ("of the background", COLOURS[1])]
    handles = [mpl.patches.Patch(color=colour, label=label) for label, colour in keys]
    axes.legend(handles=handles, loc="lower right", labelcolor=FAINT)


def height(table: pd.DataFrame) -> float:
    """Return the picture's height, inches."""
    return 1.3 + 0.2 * (len(table) - max(0, int((table["kind"] == "attribute").sum()) - _SHOWN_ATTRIBUTES))


def _looks(first: pd.DataFrame, skill: float) -> int:
    found = first[first["block"] == BACKGROUND]
    sure = found["balanced_accuracy"] > _SURE * found["balanced_accuracy_sd"]
    return int((sure & (found["balanced_accuracy"] >= LEAST_LOST * skill)).any())


def _top(table: pd.DataFrame) -> str:
    names = table.loc[table["kind"] == "attribute", "block"]
    return "" if names.empty else str(names.iloc[0])


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")
