"""Why a model says so: cover a part of the image, ask again, note how far the probability falls (Zeiler & Fergus 2014).

It needs probabilities alone, so it serves every kind of model, ensembles too. What it shows is where evidence lies,
not what it is; and a grid of eight sees nothing finer than an eighth of the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from hemapipe.serve.engine import Engine, Run

#: Parts per side; each is covered with a margin of half a part, so that neighbours overlap.
GRID = 8
_MARGIN = 0.5
#: Models look at squares of this size or less: covering larger images would only take longer.
_LARGEST_SIDE = 256
_LOT = 16


@dataclass(frozen=True)
class Occlusion:
    """The class asked about, its probability, and its fall where a part is covered, (GRID, GRID)."""

    label: str
    probability: float
    drops: np.ndarray


def covered(image: np.ndarray) -> list[np.ndarray]:
    """Return GRID × GRID copies of an RGB image, each with one part under the image's own blurred colours.

    Blurred, not black: a black square is something new that a model may take fright at.
    """
    height, width = image.shape[:2]
    calm = cv2.GaussianBlur(image, (0, 0), max(height, width) / 6)
    copies = []
    for row in range(GRID):
        for column in range(GRID):
            window = (_window(row, height), _window(column, width))
            copy = image.copy()
            copy[window] = calm[window]
            copies.append(copy)
    return copies


async def explain(engine: Engine, model: str, image: np.ndarray) -> Occlusion:
    """Return where the evidence of `model` for what it says of `image` (RGB uint8) lies.

    Asked in small lots, so that other people's images get their turn in between.
    """
    factor = min(1.0, _LARGEST_SIDE / max(image.shape[:2]))
    shape = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    small = cv2.resize(image, shape, interpolation=cv2.INTER_AREA) if factor < 1 else image
    asked = [small, *await engine.aside(covered, small)]
    lots = [asked[start : start + _LOT] for start in range(0, len(asked), _LOT)]
    p = np.concatenate([await engine.ask(partial(_probabilities, model, lot)) for lot in lots])
    index = int(p[0].argmax())
    drops = (p[0, index] - p[1:, index]).reshape(GRID, GRID)
    return Occlusion(engine.run.classes[index], float(p[0, index]), drops)


def _probabilities(model: str, images: list[np.ndarray], run: Run) -> np.ndarray:
    return run.probabilities(model, images)


def _window(part: int, side: int) -> slice:
    step = side / GRID
    return slice(max(0, round((part - _MARGIN / 2) * step)), max(1, round((part + 1 + _MARGIN / 2) * step)))
