"""Every classification network of torchvision, by its name there."""

from __future__ import annotations

from typing import Any

from torch import nn
from torchvision import models

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.models.cnn import IMAGENET, Preprocessing
from hemapipe.models.cnn.weights import from_hub

_N_IMAGENET = 1000
#: Classifiers on intermediate layers, used in training by GoogLeNet and Inception v3; their logits would need losses
#: of their own.
_AUXILIARY = ("aux1", "aux2", "AuxLogits")


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return torchvision's `arch`, its last layer replaced by one for `n_classes`.

    Raises:
        HemapipeError: unknown architecture, or weights that cannot be had.
    """
    network = _imagenet(arch, px, weights)
    name, layer = _last_layer(network)
    new: nn.Module
    if isinstance(layer, nn.Linear):
        new = nn.Linear(layer.in_features, n_classes)
    else:
        new = nn.Conv2d(layer.in_channels, n_classes, kernel_size=1)
    network.set_submodule(name, new)
    return network


def backbone(arch: str, px: int, weights: str) -> nn.Module:
    """Return torchvision's `arch` up to the input of its last layer (fc7 in AlexNet and VGG)."""
    network = _imagenet(arch, px, weights)
    network.set_submodule(_last_layer(network)[0], nn.Identity())
    return network


def preprocessing(arch: str) -> Preprocessing:
    """Return the normalisation of torchvision's weights, one for all."""
    _check(arch)
    return IMAGENET


def _imagenet(arch: str, px: int, weights: str) -> nn.Module:
    _check(arch)
    options: dict[str, Any] = {"image_size": px} if arch.startswith("vit_") else {}
    if arch in ("googlenet", "inception_v3") and weights == "scratch":
        options["init_weights"] = True
    if weights == "hub":
        network = from_hub(lambda: models.get_model(arch, weights="DEFAULT", **options), arch, "torchvision")
    elif weights == "scratch":
        network = models.get_model(arch, weights=None, **options)
    else:
        raise HemapipeError(f"torchvision's {arch} has no packaged weights: set `weights: hub` or scratch")
    for name in _AUXILIARY:
        if hasattr(network, name):
            setattr(network, name, None)
            setattr(network, "aux_logits", False)  # noqa: B010 (a flag, not a submodule)
    return network


def _last_layer(network: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d]:
    """Return the layer that gives the 1000 ImageNet logits, and its name (a 1×1 convolution in SqueezeNet)."""
    for name, layer in reversed(list(network.named_modules())):
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.shape[0] == _N_IMAGENET:
            return name, layer
    raise HemapipeError(f"found no classifier in torchvision's {type(network).__name__}: use its timm version")


def _check(arch: str) -> None:
    known = models.list_models(module=models)
    if arch not in known:
        raise HemapipeError(f"torchvision has no network {arch!r}{did_you_mean(arch, known)}")
