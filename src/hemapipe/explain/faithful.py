"""Can a map be believed? Does the network mind losing what it marks, and does the map know of its weights at all?"""

from __future__ import annotations

import copy
from typing import NamedTuple

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn

from hemapipe.explain.methods import as_tensor
from hemapipe.training.cnn.store import Classifier

_POINTS = 8  # of a curve, in the middles of equal steps: their mean is the area
_BATCH = 128
_BLUR = 16  # of the image that insertion starts from: a Gaussian of 1/16 of the side, in which no cell is left


class Curves(NamedTuple):
    """Areas under the curve (n,), 0 to 1: the class's probability while patches are removed, or put in."""

    deletion: np.ndarray
    insertion: np.ndarray


def patch_order(maps: np.ndarray, grid: int) -> np.ndarray:
    """Return (n, grid²): the patches of each map (n, px, px), the most important first."""
    n, px = maps.shape[:2]
    place = np.arange(px) * grid // px
    inside = np.eye(grid)[place]  # (px, grid)
    sums = np.einsum("nyx,yi,xj->nij", maps, inside, inside)
    means = sums / np.maximum(np.outer(inside.sum(axis=0), inside.sum(axis=0)), 1)
    return np.argsort(-means.reshape(n, -1), axis=1, kind="stable")


def curves(classifier: Classifier, images: np.ndarray, target: np.ndarray, order: np.ndarray, grid: int) -> Curves:
    """Return the areas under the deletion and the insertion curve (Petsiuk, Das and Saenko, BMVC 2018).

    Deletion paints patches in the network's zero, first those that `order` (n, grid²) names first; insertion puts them
    into a blurred copy. A good map makes the first small and the second large. Patches and not pixels, as a random
    order of single pixels is noise, which by itself ruins any prediction.

    Args:
        classifier: in eval mode.
        images: (n, px, px, 3), uint8.
        target: (n,), classes.
        order: (n, grid²), see `patch_order`.
        grid: patches along a side.
    """
    n, px = images.shape[:2]
    shown = as_tensor(images)
    sigma = px / _BLUR
    blurred = as_tensor(np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in images]))
    place = np.arange(px) * grid // px
    rank = np.argsort(order, axis=1).reshape(n, grid, grid)[:, place[:, None], place[None]]
    found = []
    for start, end in ((shown, classifier.mean.expand_as(shown)), (blurred, shown)):
        steps = np.rint((np.arange(_POINTS) + 0.5) / _POINTS * grid * grid)
        stages = [torch.where(torch.from_numpy(rank < step)[:, None], end, start) for step in steps]
        found.append(_probability(classifier, torch.cat(stages), np.tile(target, _POINTS)).reshape(_POINTS, n).mean(0))
    return Curves(*found)


def random_curves(
    classifier: Classifier, images: np.ndarray, target: np.ndarray, grid: int, n_orders: int, seed: int
) -> Curves:
    """Return the mean areas under the curves of `n_orders` random orders of the patches, per image; see `curves`."""
    rng = np.random.default_rng(seed)
    orders = [np.argsort(rng.random((len(images), grid * grid)), axis=1) for _ in range(n_orders)]
    every = [curves(classifier, images, target, order, grid) for order in orders]
    return Curves(*(np.mean(parts, axis=0) for parts in zip(*every, strict=True)))


def gain(of: Curves, by_chance: Curves) -> np.ndarray:
    """Return (n,): how much better than chance the order is, the mean of both differences; 0 for a random map."""
    return ((by_chance.deletion - of.deletion) + (of.insertion - by_chance.insertion)) / 2


def randomised(classifier: Classifier, images: np.ndarray, seed: int) -> Classifier:
    """Return a copy in which each weight tensor is shuffled, all layers at once (Adebayo et al., NeurIPS 2018).

    Shuffled and not drawn anew, so that each layer keeps the size of its weights, whatever the network; batch norms
    count again what comes in, else the signal would die or overflow on its way.
    """
    random = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(classifier)
    with torch.no_grad():
        for weights in other.parameters():
            weights.copy_(weights.flatten()[torch.randperm(weights.numel(), generator=random)].view_as(weights))
        norms = [module for module in other.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean of what comes in
            norm.train()
        if norms:
            other(as_tensor(images))
    return other.eval()


def similarity(maps: np.ndarray, others: np.ndarray) -> float:
    """Return the mean of Spearman's correlations of two stacks of maps (n, px, px).

    An empty map is like no other one, which shows nothing: such pairs do not count, and where more than half are so
    the similarity is NaN.
    """
    pairs = [pair for pair in zip(maps, others, strict=True) if np.ptp(pair[0]) > 0 and np.ptp(pair[1]) > 0]
    if 2 * len(pairs) < len(maps) or not pairs:
        return float("nan")
    return float(np.mean([spearmanr(one.ravel(), other.ravel()).statistic for one, other in pairs]))


@torch.inference_mode()
def _probability(classifier: Classifier, images: torch.Tensor, target: np.ndarray) -> np.ndarray:
    logits = torch.cat([classifier(part) for part in images.split(_BATCH)])
    return logits.double().softmax(1).numpy()[np.arange(len(target)), target]
