"""Explain a classical model of `data/models`: load it and its features, weigh them, draw."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from hemapipe.core.params import load
from hemapipe.evaluation import plots
from hemapipe.explain import classical
from hemapipe.explain.importance import Sets
from hemapipe.explain.outcome import Outcome
from hemapipe.explain.params import ExplainParams
from hemapipe.explain.sample import FOLD
from hemapipe.features.params import FeatureRow
from hemapipe.features.store import read_features
from hemapipe.training.classical.store import load_model


def explain(
    name: str, data: Path, rows: pd.DataFrame, n_images: int, params: ExplainParams, seed: int, threads: int
) -> Outcome:
    """Explain `data/models/<name>` on all `rows` of `sample.held_out`; `n_images` is the length of the feature files.

    Raises:
        HemapipeError: the weights were not kept, or a feature file does not fit.
    """
    model, card = load_model(data / "models" / name, FOLD)
    features = read_features(data / "features", card["features"], n_images)[rows["row"].to_numpy()]
    labels = np.searchsorted(card["classes"], rows["label"])
    with threadpool_limits(threads):
        found = classical.weigh(model, features, labels, feature_sets(card["features"], data), params.n_repeats, seed)
    draw = partial(_draw, found.table, f"What {name} leans on")
    return Outcome({"n_images": len(rows), **found.metrics}, found.table, draw)


def feature_sets(names: list[str], data: Path) -> list[Sets]:
    """Return the feature sets of a row, one named twice once, as `features.store` puts them side by side."""
    found = []
    for name in dict.fromkeys(names):
        width = np.load(data / "features" / f"{name}.npy", mmap_mode="r").shape[1]
        found.append(Sets(name, width, load(FeatureRow, f"extract_features.{name}").kind == "handcrafted"))
    return found


def _draw(table: pd.DataFrame, title: str, path: Path) -> None:
    plots.draw(classical.paint, table, title, path=path, size=(6.0, classical.height(table)))
