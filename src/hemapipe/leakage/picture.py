"""The picture of the price: two dots per model, joined."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from hemapipe.evaluation.plots import COLOURS, FAINT, INK
from hemapipe.evaluation.summary import bracket
from hemapipe.leakage.facts import MODELS

_STYLE = {"image": (COLOURS[1], "split by image"), "honest": (COLOURS[0], "honest split")}


def paint(axes: Axes, metrics: dict[str, Any]) -> None:
    """Draw balanced accuracy by image and honest, each with its interval if any, joined per model; the gap in words."""
    models = [model for model in MODELS if f"{model}_gap" in metrics]
    for place, model in enumerate(reversed(models)):
        ends = [metrics[f"{model}_{arm}"] for arm in _STYLE]
        axes.plot(ends, [place, place], color=FAINT, linewidth=1.2, zorder=1)
        for shift, (arm, (colour, label)) in zip((0.09, -0.09), _STYLE.items(), strict=True):
            key = f"{model}_{arm}"
            if f"{key}_low" in metrics:
                axes.hlines(
                    place + shift, metrics[f"{key}_low"], metrics[f"{key}_high"], colour, linewidth=2.2, alpha=0.4
                )
            axes.plot(
                metrics[f"{model}_{arm}"], place, "o", color=colour, markersize=8, label=label if not place else ""
            )
        gap = f"{metrics[f'{model}_gap']:+.3f}\n{bracket(metrics, f'{model}_gap').strip()}".rstrip()
        where = (1.02, place)
        axes.annotate(gap, where, xycoords=("axes fraction", "data"), va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(models)), [metrics[f"{model}_model"] for model in reversed(models)], color=INK)
    axes.set(
        ylim=(-0.5, max(len(models), 1) - 0.35), xlabel="balanced accuracy, 95 % interval over groups; gap at the right"
    )
    axes.set_title("The price of leaking")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    if models:
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.28), ncols=2, labelcolor=FAINT)
    else:
        axes.text(0.5, 0.5, "could not be measured", transform=axes.transAxes, ha="center", color=FAINT)
