"""Pictures of a model's curves, drawn from the tables of `curves`: small, equal bytes for equal data."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

#: Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6D00", "#444444")
INK, FAINT, GRID = "#24292f", "#6e7781", "#e4e7eb"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.edgecolor": "#afb8c1",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "lines.linewidth": 1.7,
}
DPI = 120
PALETTE = 128  # colours kept in a PNG: flat drawings need no more, and the files halve


def draw(paint: Callable[..., None], *data: object, path: Path, size: tuple[float, float] = (3.9, 3.4)) -> None:
    """Let `paint(axes, *data)` draw one picture of `size` inches in the shared style, and write it as PNG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure.subplots(), *data)
        save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a palette PNG without dates or versions inside."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(DPI)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
    packed = io.BytesIO()
    picture.quantize(PALETTE, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())


def confusion(axes: Axes, table: pd.DataFrame, class_names: list[str]) -> None:
    """Draw the confusion matrix: counts, and each row's shares as numbers and shade."""
    counts = pd.crosstab(table["actual"], table["predicted"]).reindex(
        index=class_names, columns=class_names, fill_value=0
    )
    shares = counts.to_numpy() / np.maximum(counts.to_numpy().sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        text: dict[str, Any] = {"ha": "center", "color": "white" if share > 0.55 else INK}
        axes.text(column, row - 0.02, str(counts.iat[row, column]), va="bottom", weight="bold", **text)
        axes.text(column, row + 0.04, f"{100 * share:.1f} %", va="top", fontsize=7, **text)
    axes.set(title="Confusion (share of the actual class)", xlabel="predicted", ylabel="actual")
    axes.set_xticks(range(len(class_names)), class_names)
    axes.set_yticks(range(len(class_names)), class_names, rotation=90, va="center")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def roc(axes: Axes, table: pd.DataFrame, areas: dict[str, float]) -> None:
    """Draw a ROC curve per class against the rest; `areas` are the AUCs for the legend."""
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    _curves(axes, table, "fpr", "tpr", areas, "AUC")
    axes.set(title="ROC, each class against the rest", xlabel="false positive rate", ylabel="true positive rate")
    axes.legend(loc="lower right")


def precision_recall(axes: Axes, table: pd.DataFrame, areas: dict[str, float]) -> None:
    """Draw a precision-recall curve per class against the rest; `areas` are the average precisions."""
    _curves(axes, table, "recall", "precision", areas, "AP")
    axes.set(title="Precision-recall, each class against the rest", xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left")


def reliability(axes: Axes, table: pd.DataFrame) -> None:
    """Draw accuracy against confidence, before and after calibration; the area of a dot is its share of the images."""
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    for name, colour in (("before", COLOURS[4]), ("after", COLOURS[0])):
        part = table[table["calibration"] == name]
        axes.plot(part["confidence"], part["accuracy"], color=colour, linewidth=1.1, alpha=0.7)
        sizes = 12 + 260 * part["n"] / part["n"].sum()
        axes.scatter(part["confidence"], part["accuracy"], s=sizes, color=colour, alpha=0.8, label=name, linewidth=0)
    axes.set(title="Reliability, before and after calibration", xlabel="confidence", ylabel="accuracy")
    axes.set(xlim=(0, 1.03), ylim=(-0.02, 1.05))
    for handle in axes.legend(loc="upper left").legend_handles:
        handle.set_sizes([28])  # type: ignore[union-attr]


def patients(axes: Axes, table: pd.DataFrame, unit: str, few_images: int, low_margin: float) -> None:
    """Draw each unit's confidence against its number of images: filled where certain."""
    right = (table["by_mean"] == table["label"]).to_numpy()
    uncertain = table["uncertain"].to_numpy(bool)
    for is_right, marker, colour, word in ((True, "o", COLOURS[0], "right"), (False, "X", COLOURS[1], "wrong")):
        for hollow in (False, True):
            part = table[(right == is_right) & (uncertain == hollow)]
            label = f"{word}, uncertain: {len(part)}" if hollow else f"{word}: {len(part)}"
            face = "none" if hollow else colour
            axes.scatter(part["n_images"], part["confidence"], s=34, marker=marker, facecolor=face, edgecolor=colour,
                         alpha=0.8, linewidth=1.1, label=label)  # fmt: skip
    axes.plot([few_images - 0.5] * 2, [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
    rule = f"hollow: uncertain (under {few_images} images, or margin under {low_margin:g})"
    axes.set(title=f"Confidence in each {unit}", xlabel=f"test images of the {unit}\n{rule}", ylim=(0, 1.3))
    axes.set(ylabel="mean probability of the class called", xlim=(0, table["n_images"].max() * 1.06 + 0.5))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", ncols=2)


def learning_curves(csv: Path, png: Path) -> None:
    """Draw the curves training wrote (`fold, epoch` and accuracy and loss of both roles): each fold, and the mean."""
    table = pd.read_csv(csv)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 2.7), layout="constrained")
        left, right = figure.subplots(1, 2)
        _by_fold(left, table, "train_loss", COLOURS[4], "training")
        _by_fold(left, table, "val_loss", COLOURS[0], "validation")
        _by_fold(right, table, "train_accuracy", COLOURS[4], "training")
        _by_fold(right, table, "val_accuracy", COLOURS[0], "validation")
        left.set(title="Loss: mean, and each fold", xlabel="epoch", ylim=(0, None))
        right.set(title="Accuracy: mean, and each fold", xlabel="epoch", ylim=(None, 1.01))
        left.legend(loc="upper right")
        save(figure, png)


def _by_fold(axes: Axes, table: pd.DataFrame, field: str, colour: str, label: str) -> None:
    for _, part in table.groupby("fold"):
        axes.plot(part["epoch"], part[field], color=colour, alpha=0.35, linewidth=0.9)
    mean = table.groupby("epoch")[field].mean()
    axes.plot(mean.index, mean, color=colour, label=label, marker="o", markersize=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _curves(axes: Axes, table: pd.DataFrame, x: str, y: str, areas: dict[str, float], name: str) -> None:
    for index, (label, part) in enumerate(table.groupby("class", sort=False)):
        style = ("-", "--", ":", "-.")[index // len(COLOURS) % 4]
        text = f"{label}  {name} {areas[str(label)]:.3f}" if str(label) in areas else str(label)
        axes.plot(part[x], part[y], color=COLOURS[index % len(COLOURS)], linestyle=style, label=text)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
