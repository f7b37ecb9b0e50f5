"""Attribution methods by name: how much each pixel of an image speaks for the class a network called.

Captum (Kokhlikyan et al. 2020, https://captum.ai) does the work; Grad-CAM++ is put together from its parts. All maps
are ≥ 0: what speaks against the class is left out, as in Grad-CAM, so that shares of a map can be told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from captum.attr import (
    IntegratedGradients,
    LayerActivation,
    LayerAttribution,
    LayerGradCam,
    LayerGradientXActivation,
    Occlusion,
    Saliency,
)

from hemapipe.explain.layers import last_map
from hemapipe.training.cnn.store import Classifier

#: Images of one backward pass, and of one forward pass: VGG16 at 224 px then needs about 1 and 2 GB.
_BACKWARD, _FORWARD = 8, 32


class Settings(NamedTuple):
    """Steps of the path of integrated gradients; patches along a side that are occluded one after the other."""

    steps: int = 12
    grid: int = 8


Method = Callable[[Classifier, torch.Tensor, torch.Tensor, Settings], torch.Tensor]


def attribute(
    name: str, classifier: Classifier, images: np.ndarray, target: np.ndarray, settings: Settings | None = None
) -> np.ndarray:
    """Return maps (n, px, px), float32, ≥ 0, of the method `name` of `METHODS`.

    Args:
        name: of the method.
        classifier: in eval mode.
        images: (n, px, px, 3), uint8 RGB.
        target: (n,), the index of the class to explain.
        settings: of the methods; None takes the defaults.

    Raises:
        HemapipeError: Grad-CAM of a network without convolutions.
    """
    parts = []
    for start in range(0, len(images), _BACKWARD):
        part = as_tensor(images[start : start + _BACKWARD])
        goal = torch.as_tensor(np.array(target[start : start + _BACKWARD]))
        parts.append(METHODS[name](classifier, part, goal, settings or Settings()).detach())
    return torch.cat(parts).numpy().astype(np.float32)


def as_tensor(images: np.ndarray) -> torch.Tensor:
    """Return images (n, px, px, 3), uint8, as (n, 3, px, px), float32, 0 to 255, as a `Classifier` takes them."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float()


def grad_cam(classifier: Classifier, images: torch.Tensor, target: torch.Tensor, _: Settings) -> torch.Tensor:
    """Grad-CAM (Selvaraju et al., ICCV 2017) on the last feature map."""
    layer = last_map(classifier.network, images[:1])
    maps = LayerGradCam(classifier, layer).attribute(images.requires_grad_(), target, relu_attributions=True)
    return _enlarged(maps, images)


def grad_cam_pp(classifier: Classifier, images: torch.Tensor, target: torch.Tensor, _: Settings) -> torch.Tensor:
    """Grad-CAM++ (Chattopadhay et al., WACV 2018) on the last feature map A, with gradients g of the class's score.

    Weights α = g² / (2g² + Σ A g³) of the positive gradients (their eq. 19, for the score's exponential), summed over
    the map; the channels of A under these weights, the positive part of their sum.
    """
    layer = last_map(classifier.network, images[:1])
    maps = LayerActivation(classifier, layer).attribute(images.requires_grad_())
    g = LayerGradientXActivation(classifier, layer, multiply_by_inputs=False).attribute(images, target)
    below = 2 * g**2 + (maps * g**3).sum((2, 3), keepdim=True)
    alpha = torch.where(below != 0, g**2 / below, 0)
    weights = (alpha * g.relu()).sum((2, 3), keepdim=True)
    return _enlarged((weights * maps).sum(1, keepdim=True).relu(), images)


def integrated_gradients(
    classifier: Classifier, images: torch.Tensor, target: torch.Tensor, settings: Settings
) -> torch.Tensor:
    """Integrated gradients (Sundararajan et al., ICML 2017), summed over the channels, the positive part.

    The path starts at the image's own mean colour: from black it would favour the bright slide, from white the cells.
    """
    baseline = images.mean((2, 3), keepdim=True).expand_as(images)
    found = IntegratedGradients(classifier).attribute(
        images, baseline, target, n_steps=settings.steps, internal_batch_size=_FORWARD
    )
    return found.sum(1).relu().float()


def saliency(classifier: Classifier, images: torch.Tensor, target: torch.Tensor, _: Settings) -> torch.Tensor:
    """Return the largest absolute gradient of the three channels (Simonyan et al. 2014), without regard to its sign."""
    return Saliency(classifier).attribute(images.requires_grad_(), target, abs=True).amax(1)


def occlusion(classifier: Classifier, images: torch.Tensor, target: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Return how far the class's score falls with each patch painted in the network's zero (Zeiler & Fergus 2014)."""
    side = -(-images.shape[-1] // settings.grid)
    with torch.no_grad():
        found = Occlusion(classifier).attribute(
            images, (3, side, side), (3, side, side), classifier.mean.expand_as(images), target,
            perturbations_per_eval=max(1, _FORWARD // len(images)),
        )  # fmt: skip
    return found[:, 0].relu()


METHODS: dict[str, Method] = {
    "grad_cam": grad_cam,
    "grad_cam_pp": grad_cam_pp,
    "integrated_gradients": integrated_gradients,
    "saliency": saliency,
    "occlusion": occlusion,
}


def _enlarged(maps: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    found = LayerAttribution.interpolate(maps, tuple(images.shape[2:]), "bilinear")
    return found[:, 0]
