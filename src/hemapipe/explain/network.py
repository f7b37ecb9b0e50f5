"""Explain one network: maps by every method, the checks of each, and where they fall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from hemapipe.cells.segment import Segmentation, segment
from hemapipe.core.params import derive_seed
from hemapipe.evaluation.bootstrap import intervals
from hemapipe.explain import faithful, regions
from hemapipe.explain.dream import activation_maximisation
from hemapipe.explain.methods import METHODS, Settings, as_tensor, attribute
from hemapipe.explain.params import ExplainParams
from hemapipe.explain.verdict import looks_at_background, passed, tellable
from hemapipe.training.cnn.store import Classifier

_RANDOM_ORDERS = 2  # per image: the mean over images is what counts


@dataclass(frozen=True)
class Chosen:
    """Images to explain, (n, px, px, 3) uint8, the names (n,) of their classes, and of their groups (n,)."""

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Explained:
    """What was found: flat metrics, and what the picture needs."""

    chosen: Chosen
    classes: list[str]
    probabilities: np.ndarray
    segmentations: list[Segmentation]
    maps: dict[str, np.ndarray]
    dreams: np.ndarray
    metrics: dict[str, Any] = field(default_factory=dict)


def explain(classifier: Classifier, classes: list[str], chosen: Chosen, params: ExplainParams, seed: int) -> Explained:
    """Explain the class the network calls on each image; `seed` is the model's own, `classes` in its order.

    Metrics: see docs/explain.md. Those that cannot be told (an interval over one group) are left out.

    Raises:
        HemapipeError: the network has no convolutions.
    """
    settings = Settings(params.steps, params.grid)
    images, px = chosen.images, chosen.images.shape[1]
    classifier = classifier.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode():
        p = classifier(as_tensor(images)).double().softmax(1).numpy()
    target = p.argmax(axis=1)
    shuffled = faithful.randomised(classifier, images, derive_seed(seed, "shuffled"))
    by_chance = faithful.random_curves(
        classifier, images, target, params.grid, _RANDOM_ORDERS, derive_seed(seed, "orders")
    )
    segmentations = [segment(image) for image in images]
    parts = np.stack([regions.masks(one) for one in segmentations])
    found = _counts(chosen, target, classes, by_chance, parts)
    maps = {}
    for name in METHODS:
        maps[name] = attribute(name, classifier, images, target, settings)
        others = attribute(name, shuffled, images, target, settings)
        order = faithful.patch_order(maps[name], params.grid)
        of = faithful.curves(classifier, images, target, order, params.grid)
        facts = _curve_facts(of, by_chance, chosen.groups, params.n_resamples, seed)
        facts["similarity"] = faithful.similarity(maps[name], others)
        facts |= _places(maps[name], others, parts, chosen.groups, params.n_resamples, seed)
        found |= {f"{name}_{key}": value for key, value in facts.items() if np.isfinite(value)}
        found[f"{name}_passed"] = int(passed(found, name))
    found |= {"looks_at_background": looks_at_background(found), "background_tellable": tellable(found)}
    dreams = activation_maximisation(classifier, len(classes), px, params.dream_steps, derive_seed(seed, "dream"))
    return Explained(chosen, classes, p, segmentations, maps, dreams, found)


def table(metrics: dict[str, Any]) -> pd.DataFrame:
    """Return a row per method: its checks, and its ratios in each region with their limits."""
    fields = ["deletion", "insertion", "gain", "gain_low", "gain_high", "similarity", "passed"]
    fields += [f"{region}_ratio{end}" for region in regions.REGIONS for end in ("", "_low", "_high", "_shuffled")]
    rows = [{"method": name} | {key: metrics.get(f"{name}_{key}") for key in fields} for name in METHODS]
    return pd.DataFrame(rows, columns=["method", *fields])


def _counts(
    chosen: Chosen, target: np.ndarray, classes: list[str], by_chance: faithful.Curves, parts: np.ndarray
) -> dict[str, Any]:
    area = regions.areas(parts).mean(axis=0)
    return {
        "n_images": len(target),
        "n_groups": len(np.unique(chosen.groups)),
        "n_right": int((np.array(classes)[target] == chosen.labels).sum()),
        "deletion_random": float(by_chance.deletion.mean()),
        "insertion_random": float(by_chance.insertion.mean()),
        **{f"area_{name}": float(size) for name, size in zip(regions.REGIONS, area, strict=True)},
    }


def _curve_facts(
    of: faithful.Curves, by_chance: faithful.Curves, groups: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Return both areas, and the gain over chance with its interval over groups."""
    gain = faithful.gain(of, by_chance)

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"gain": weights @ gain / weights.sum(axis=1)}

    low, high = intervals(score, groups, n_resamples, derive_seed(seed, "gain"))["gain"]
    areas = {"deletion": float(of.deletion.mean()), "insertion": float(of.insertion.mean())}
    return {**areas, "gain": float(gain.mean()), "gain_low": low, "gain_high": high}


def _places(
    maps: np.ndarray, others: np.ndarray, parts: np.ndarray, groups: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Return the ratios with their limits, and those of the maps of shuffled weights, `others`."""
    area, at = regions.areas(parts), derive_seed(seed, "ratios")
    shown = regions.shares(maps, parts)
    facts: dict[str, float] = {"n_empty": int(np.isnan(shown[:, 0]).sum())}
    for name, (value, low, high) in regions.ratios(shown, area, groups, n_resamples, at).items():
        facts |= {f"{name}_ratio": value, f"{name}_ratio_low": low, f"{name}_ratio_high": high}
    for name, (value, _, _) in regions.ratios(regions.shares(others, parts), area, groups, 2, at).items():
        facts[f"{name}_ratio_shuffled"] = value
    return facts
