"""Learn the domain of a run on fold 0, and measure how well it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from hemapipe.audit.quality import MEASURES, measure
from hemapipe.core.errors import HemapipeError
from hemapipe.predict.prepare import FeatureSet, recipe_of, run_graph
from hemapipe.preprocess.image import square
from hemapipe.reject.distance import fit
from hemapipe.reject.domain import Domain
from hemapipe.reject.params import RejectParams
from hemapipe.reject.strangers import strangers

_SHARPNESS = MEASURES.index("sharpness")
_N_FOLDS = 10


def learn(
    params: RejectParams,
    features: np.ndarray,
    packed: np.ndarray,
    rows: dict[str, np.ndarray],
    groups: np.ndarray,
    seed: int,
) -> Domain:
    """Return the domain of fold 0, from its training and validation images.

    The Gaussian is fitted to the training images. The limit is the distance that the share `refused` of images exceed
    whose group was left out of a fit: images of a patient the models know are nearer than those of the next patient.

    Args:
        params: the section `reject`.
        features: (n, d) of all packed images.
        packed: (n, px, px, 3), uint8.
        rows: role → packed rows of fold 0.
        groups: (n,) the group of each packed image.
        seed: of the principal components.

    Raises:
        HemapipeError: too few training images.
    """
    gaussian = fit(features[rows["train"]], params.n_components, seed)
    seen = np.sort(np.concatenate([rows["train"], rows["val"]]))
    held_out = _held_out_distances(features[seen], groups[seen], params.n_components, seed)
    sharpness = np.array([measure(image)[_SHARPNESS] for image in packed[rows["train"]]])
    middle = float(np.median(sharpness))
    spread = float(1.4826 * np.median(np.abs(sharpness - middle)))
    limit = float(np.quantile(held_out, 1 - params.refused))
    return Domain(params.features, packed.shape[1], gaussian, limit, (middle, spread))


def _held_out_distances(features: np.ndarray, groups: np.ndarray, n_components: int, seed: int) -> np.ndarray:
    """Return the distance (n,) of each image from the others' Gaussian, without its own group."""
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise HemapipeError("one group of training images: nothing is known of how another patient's would look")
    distances = np.empty(len(features))
    for others, held_out in GroupKFold(min(_N_FOLDS, n_groups)).split(features, groups=groups):
        distances[held_out] = fit(features[others], n_components, seed).distance(features[held_out])
    return distances


def measure_refusal(
    domain: Domain, features: np.ndarray, test: np.ndarray, extractor: FeatureSet, seed: int
) -> dict[str, Any]:
    """Return flat metrics on fold 0's test images (packed rows `test`) against pictures that are no smears.

    `auroc` is the chance that such a picture lies farther away than a test image, over all and by kind.

    Raises:
        HemapipeError: the feature set is not a backbone's, so that it cannot be computed for other pictures here.
    """
    if extractor.card.kind != "backbone":
        raise HemapipeError(f"reject.features is {domain.features!r}: name a feature set of the kind backbone")
    card = extractor.card
    recipe = recipe_of(card)
    inside = domain.gaussian.distance(features[test])
    found: dict[str, Any] = {"n_test": len(test), "test_refused": float((inside > domain.limit).mean())}
    outside = {}
    for kind, pictures in strangers(seed).items():
        squares = np.stack([square(picture, card.px, recipe) for picture in pictures])
        outside[kind] = domain.gaussian.distance(
            run_graph(extractor.running, "images", squares).reshape(len(squares), -1)
        )
    for kind, distances in {"": np.concatenate(list(outside.values())), **outside}.items():
        end = f"_{kind}" if kind else ""
        found[f"n{end or '_strangers'}"] = len(distances)
        found[f"refused{end}"] = float((distances > domain.limit).mean())
        truth = np.repeat([0, 1], [len(inside), len(distances)])
        found[f"auroc{end}"] = float(roc_auc_score(truth, np.concatenate([inside, distances])))
    return found


def rows_by_role(splits: pd.DataFrame, packed_rows: pd.Series) -> dict[str, np.ndarray]:
    """Return role → packed rows (sorted) of fold 0's images."""
    first = splits[splits["fold"] == 0]
    return {
        role: np.sort(first.loc[first["role"] == role, "image_id"].map(packed_rows).to_numpy(np.int64))
        for role in ("train", "val", "test")
    }
