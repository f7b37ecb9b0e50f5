"""The exported models of a run: each turns prepared images into calibrated probabilities."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.calibrate.thresholds import score
from hemapipe.core.errors import HemapipeError
from hemapipe.ensemble import stack
from hemapipe.predict.card import CALIBRATION_8_BIT, GRAPH, GRAPH_8_BIT, ModelCard, load_card
from hemapipe.predict.prepare import Prepared, run_graph
from hemapipe.runtime import session

#: Decisions of screening at the wanted sensitivity; "" where the run has no threshold.
POSITIVE, NEGATIVE = "positive", "negative"
_FOLD = "0"


class Model:
    """Fold 0's model of one row, with fold 0's own temperature and threshold."""

    def __init__(self, folder: Path, calibration: Path, threads: int, int8: bool = False) -> None:
        """Read the card in `folder` and the table `data/calibration/<model>.json`.

        Raises:
            HemapipeError: one of them is missing.
        """
        self.card: ModelCard = load_card(folder)
        eight_bits = int8 and self.card.family == "cnn"
        calibration = folder / CALIBRATION_8_BIT if eight_bits else calibration
        if not calibration.exists():
            raise HemapipeError(f"{calibration} not found: `make repro` calibrates the models")
        table = json.loads(calibration.read_text("utf-8"))
        self.positive = [self.card.classes.index(name) for name in table["positive"]]
        of_fold = table["folds"].get(_FOLD, {"temperature": 1.0, "thresholds": {}})
        self.temperature = float(of_fold["temperature"])
        self.threshold: float | None = of_fold["thresholds"].get("screen", {}).get("threshold")
        self._graph, self._threads = folder / (GRAPH_8_BIT if eight_bits else GRAPH), threads

    @property
    def family(self) -> str:
        """Return cnn, classical or ensemble."""
        return self.card.family

    @cached_property
    def running(self) -> Any:
        """The ONNX Runtime session, made when first used."""
        return session(self._graph, self._threads)

    def raw(self, images: Prepared, models: dict[str, Model]) -> np.ndarray:
        """Return probabilities (n, k), float64, before calibration; `models` holds the members of an ensemble."""
        if self.card.family == "cnn":
            logits = run_graph(self.running, "images", images.squares(self.card.px)).astype(np.float64)
            shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
            return shifted / shifted.sum(axis=1, keepdims=True)
        if self.card.family == "classical":
            x = np.hstack([images.features(name) for name in self.card.features])
            return run_graph(self.running, "features", x).astype(np.float64)
        members = [models[name] for name in self.card.of]
        if self.card.kind == "vote":
            return np.mean([member.probabilities(images, models) for member in members], axis=0)
        return stack.predict(
            stack.level_one([member.raw(images, models) for member in members]), np.array(self.card.weights)
        )

    def probabilities(self, images: Prepared, models: dict[str, Model]) -> np.ndarray:
        """Return calibrated probabilities (n, k), float64."""
        return apply_temperature(self.raw(images, models), self.temperature)

    def decide(self, p: np.ndarray) -> list[str]:
        """Return a decision of screening for each row of calibrated probabilities `p` (n, k)."""
        if self.threshold is None or not self.positive:
            return [""] * len(p)
        return [POSITIVE if one >= self.threshold else NEGATIVE for one in score(p, self.positive)]
