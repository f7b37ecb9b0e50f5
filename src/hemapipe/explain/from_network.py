"""Explain a network of `data/models`: load it and its images, explain, draw."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from hemapipe.explain import network, picture
from hemapipe.explain.outcome import Outcome
from hemapipe.explain.params import ExplainParams
from hemapipe.explain.sample import FOLD, choose
from hemapipe.training.cnn.store import load_classifier


def explain(name: str, data: Path, rows: pd.DataFrame, params: ExplainParams, seed: int, threads: int) -> Outcome:
    """Explain `data/models/<name>` on some of the `rows` of `sample.held_out`; `seed` is of the model.

    Raises:
        HemapipeError: the network has no convolutions, or its weights were not kept.
    """
    torch.set_num_threads(threads)
    classifier, card = load_classifier(data / "models" / name, FOLD)
    rows = choose(rows, params.n_images, seed)
    images = np.load(data / "packed" / f"{card.px}.npy", mmap_mode="r")[rows["row"].to_numpy()]
    chosen = network.Chosen(images, rows["label"].to_numpy(str), rows["group"].to_numpy(str))
    found = network.explain(classifier, card.classes, chosen, params, seed)
    return Outcome(found.metrics, network.table(found.metrics), partial(picture.draw, found))
