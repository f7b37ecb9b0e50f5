"""Images of any size as the models of a run want them: squares of their sides, and features of those."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemapipe.cells.attributes import attributes
from hemapipe.cells.segment import segment
from hemapipe.core.errors import HemapipeError
from hemapipe.features.pixels import extract as extract_pixels
from hemapipe.predict.card import GRAPH, RECIPE, ModelCard, load_card
from hemapipe.preprocess.image import square
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.runtime import session

#: Images given to a network at once; more is no faster, and memory grows with it.
BATCH = 32


class FeatureSet:
    """An exported feature set: its card and, for a backbone, its graph (loaded when first used)."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Read the card in `folder`.

        Raises:
            HemapipeError: there is none.
        """
        self.card = load_card(folder)
        self.folder, self.threads = folder, threads

    @cached_property
    def running(self) -> object:
        """The ONNX Runtime session."""
        return session(self.folder / GRAPH, self.threads)


def recipe_of(card: ModelCard) -> PreprocessParams:
    """Return how images became squares where this card's model was trained."""
    return PreprocessParams(px=[card.px or 8], **card.model_dump(include=set(RECIPE)))


def run_graph(running: object, name: str, inputs: np.ndarray) -> np.ndarray:
    """Return the first output of a graph for inputs (n, …), n ≥ 1, a batch at a time."""
    batches = [np.ascontiguousarray(inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    parts = [running.run(None, {name: batch})[0] for batch in batches]  # type: ignore[attr-defined]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Prepared:
    """At least one image (RGB uint8, height × width × 3 of any size), each square and feature set made once."""

    def __init__(
        self, images: list[np.ndarray], recipe: PreprocessParams, sets: dict[str, FeatureSet], threads: int
    ) -> None:
        """Take the images, and the one way to a square of all models of the run."""
        self.images, self.recipe, self.sets, self.threads = images, recipe, sets, threads
        self._squares: dict[int, np.ndarray] = {}
        self._features: dict[str, np.ndarray] = {}

    def squares(self, px: int) -> np.ndarray:
        """Return the images as (n, px, px, 3), uint8, as the packed arrays of training hold them."""
        if px not in self._squares:
            made = partial(square, px=px, params=self.recipe)
            # Neutral squares are segmented first, which is worth a pool of threads; plain ones take microseconds.
            each = self._on_threads if px in self.recipe.neutral else map
            self._squares[px] = np.stack(list(each(made, self.images)))
        return self._squares[px]

    def features(self, name: str) -> np.ndarray:
        """Return a feature set (n, d), float32.

        Raises:
            HemapipeError: it was not exported.
        """
        if name not in self._features:
            if name not in self.sets:
                raise HemapipeError(f"the feature set {name!r} was not exported: `make repro` does it")
            self._features[name] = self._extract(self.sets[name])
        return self._features[name]

    def _extract(self, one: FeatureSet) -> np.ndarray:
        squares = self.squares(one.card.px)
        if one.card.kind == "backbone":
            return run_graph(one.running, "images", squares).reshape(len(squares), -1)
        return self.cells(one.card.px) if one.card.kind == "handcrafted" else extract_pixels(squares)

    def cells(self, px: int) -> np.ndarray:
        """Return the cells' attributes (n, d), float32, measured on squares of `px`."""
        key = f"cells of {px} px"
        if key not in self._features:
            self._features[key] = np.array(self._on_threads(_measured, self.squares(px)), np.float32)
        return self._features[key]

    def _on_threads(self, function: Callable[[np.ndarray], Any], images: Iterable[np.ndarray]) -> list[Any]:
        """Map, as OpenCV lets go of the interpreter: processes would take longer to start than a batch takes."""
        cv2.setNumThreads(1)
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(function, images))


def _measured(image: np.ndarray) -> list[float]:
    return list(attributes(image, segment(image)).values())
