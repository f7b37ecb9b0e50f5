"""One picture per network: an image of each class under every method, and what the network itself thinks a class is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hemapipe.cells.overlay import overlay
from hemapipe.evaluation.plots import FAINT, INK, STYLE, save
from hemapipe.explain.network import Explained
from hemapipe.explain.verdict import leans, passed

_TITLES = {
    "grad_cam": "Grad-CAM",
    "grad_cam_pp": "Grad-CAM++",
    "integrated_gradients": "integrated\ngradients",
    "saliency": "saliency",
    "occlusion": "occlusion",
}
_TILE_IN = 0.8  # inches of a tile
_LEFT_IN = 0.85
_NOTE_TILES = 3  # the note beside the lowest row is as wide
_NOTE = (
    "Lowest row: pictures the network made up itself,\nin which it is surest of each class. Colours of\n"
    "maps: the upper half of each. Research use only."
)
_SMALL: dict[str, Any] = {"fontsize": 7.5, "color": INK, "loc": "center", "pad": 3, "weight": "normal"}
_MAP_PX = 128  # images are enlarged to about this for their outlines
_BLUR = 24  # maps of single pixels are blurred by 1/24 of the side: eyes cannot add up speckles
_SHOWN = (50.0, 99.5)  # percentiles of a map that are shown as nothing and as strongest: the upper half of it


def draw(found: Explained, path: Path) -> None:
    """Write the picture as a palette PNG."""
    rows = _examples(found)
    width = _LEFT_IN + (2 + len(found.maps)) * _TILE_IN
    height = (len(rows) + 1) * _TILE_IN + 1.15
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(width, height))
        _examples_drawn(figure, found, rows)
        _made_up(figure, found, len(rows))
        save(figure, path)


def _examples_drawn(figure: Figure, found: Explained, rows: list[int]) -> None:
    """Draw a row of tiles for each of the images `rows`, with titles above and the checks of each method below."""
    titles = ["image", "cells found", *(_TITLES[name] for name in found.maps)]
    for place, index in enumerate(rows):
        tiles = [_tile(figure, place, column) for column in range(len(titles))]
        _row(tiles, found, index)
        for axes, title in zip(tiles, titles, strict=True):
            axes.set_title("" if place else title, **_SMALL)
        for axes, name in zip(tiles[2:], found.maps, strict=True):
            axes.set_xlabel("" if index != rows[-1] else _judged(found, name), fontsize=6.2, color=FAINT, labelpad=3)


def _made_up(figure: Figure, found: Explained, row: int) -> None:
    """Draw the images of activation maximisation, as many as there is room for, and a note beside them."""
    n_classes, n_columns = len(found.classes), 2 + len(found.maps)
    for column, name in enumerate(found.classes[:n_columns]):
        axes = _tile(figure, row, column, gap=0.52)
        axes.imshow(found.dreams[column], interpolation="bicubic")
        axes.set_title(name, **_SMALL)
        if column == 0:
            axes.set_ylabel("made up\nfor each\nclass", fontsize=7, rotation=0, ha="right", va="center")
    if n_classes <= n_columns - _NOTE_TILES:
        width, height = figure.get_size_inches()
        where = (_LEFT_IN + (n_classes + 0.1) * _TILE_IN) / width, (0.06 + _TILE_IN / 2) / height
        figure.text(*where, _NOTE, fontsize=6.8, color=FAINT, va="center")


def _examples(found: Explained) -> list[int]:
    """Return an image of each class: the one the network is surest of among those it calls rightly, else wrongly."""
    calls = np.array(found.classes)[found.probabilities.argmax(axis=1)]
    chosen = []
    for name in found.classes:
        of_class = np.flatnonzero(found.chosen.labels == name)
        right = of_class[calls[of_class] == name]
        pool = right if len(right) else of_class
        if len(pool):
            chosen.append(int(pool[np.argmax(found.probabilities[pool].max(axis=1))]))
    return chosen


def _tile(figure: Figure, row: int, column: int, gap: float = 0.0) -> Axes:
    """Return axes for one tile; `gap` inches more above it."""
    width, height = figure.get_size_inches()
    left, size = _LEFT_IN + column * _TILE_IN, _TILE_IN - 0.05
    bottom = height - 0.38 - (row + 1) * _TILE_IN - gap
    axes = figure.add_axes((left / width, bottom / height, size / width, size / height))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes


def _row(tiles: list[Axes], found: Explained, index: int) -> None:
    image, px = found.chosen.images[index], found.chosen.images.shape[1]
    scale = max(1, round(_MAP_PX / px))
    tiles[0].imshow(image, interpolation="bicubic")
    tiles[1].imshow(overlay(image, found.segmentations[index], scale), interpolation="antialiased")
    for axes, maps in zip(tiles[2:], found.maps.values(), strict=True):
        axes.imshow(_heat(image, maps[index]), interpolation="bicubic")
    p = found.probabilities[index]
    label, call = str(found.chosen.labels[index]), found.classes[int(p.argmax())]
    mark = "" if call == label else "called\n"
    words = f"{label}\n{mark}{call if mark else 'called so'}, {p.max():.2f}"
    tiles[0].set_ylabel(words, fontsize=7, rotation=0, ha="right", va="center", color=INK if not mark else "#b42318")


def _heat(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the map in colour over the image in grey, uint8 RGB."""
    px = image.shape[0]
    smooth = cv2.GaussianBlur(values, (0, 0), px / _BLUR)
    low, high = np.percentile(smooth, _SHOWN)
    strength = np.clip((smooth - low) / max(float(high - low), 1e-12), 0, 1)[..., None]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] / 255
    pale, cover = 0.25 + 0.75 * grey, 0.75 * strength**0.7
    colour = mpl.colormaps["plasma_r"](0.1 + 0.75 * strength[..., 0])[..., :3]
    return np.rint(255 * (pale * (1 - cover) + cover * colour)).astype(np.uint8)


def _judged(found: Explained, name: str) -> str:
    ratio = found.metrics.get(f"{name}_background_ratio")
    told = f"background × {ratio:.2f}" if ratio is not None else "empty"
    if not passed(found.metrics, name):
        return f"{told}\nfailed its checks"
    return f"{told}\nleans on it" if leans(found.metrics, name) else f"{told}\npassed its checks"
