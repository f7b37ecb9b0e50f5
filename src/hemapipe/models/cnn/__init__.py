"""The registry of networks: a builder is a module of this package, named in a row of `cnn` in params.yaml.

A builder has `build(arch, n_classes, px, weights) -> nn.Module`, which gives logits for normalised images of
`px` pixels; it may have `preprocessing(arch) -> Preprocessing`, the normalisation its weights were made with,
`backbone(arch, px, weights) -> nn.Module`, which gives pooled features, and `head(network) -> nn.Module`, the new
part on pretrained weights where it is more than the last layer. A network of our own is one new
file here: nothing else is edited, so no other model runs again.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from hemapipe.core.errors import HemapipeError, did_you_mean

if TYPE_CHECKING:
    from torch import nn

_NOT_BUILDERS = {"weights"}


class Preprocessing(NamedTuple):
    """Mean and standard deviation per RGB channel, of values scaled to 0..1; they travel with the model."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


#: Of the ImageNet training images: what torchvision's and most of timm's weights expect.
IMAGENET = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def builders() -> list[str]:
    """Return the names a row's `builder` may have."""
    return sorted({module.name for module in pkgutil.iter_modules(__path__)} - _NOT_BUILDERS)


def build(builder: str, arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return the network: images (N, 3, px, px), float, normalised → logits (N, n_classes).

    Raises:
        HemapipeError: unknown builder, architecture or weights, or weights that cannot be had here.
    """
    return _module(builder).build(arch, n_classes, px, weights)


def preprocessing(builder: str, arch: str) -> Preprocessing:
    """Return the normalisation the weights of `arch` were made with; ImageNet's where the builder says nothing."""
    module = _module(builder)
    return module.preprocessing(arch) if hasattr(module, "preprocessing") else IMAGENET


def backbone(builder: str, arch: str, weights: str, px: int = 224) -> tuple[nn.Module, Preprocessing]:
    """Return a network without its classifier, (N, 3, px, px) → (N, n_features), in eval mode, and its normalisation.

    Raises:
        HemapipeError: as `build`; or the builder offers no features.
    """
    module = _module(builder)
    if not hasattr(module, "backbone"):
        raise HemapipeError(f"builder {builder!r} has no pretrained backbone: use timm or torchvision for features")
    return module.backbone(arch, px, weights).eval(), preprocessing(builder, arch)


def head(builder: str, network: nn.Module) -> nn.Module:
    """Return the part of a built network that is new on pretrained weights: what the builder says, or the last layer.

    Raises:
        HemapipeError: unknown builder.
    """
    module = _module(builder)
    if hasattr(module, "head"):
        return module.head(network)
    return [layer for layer in network.modules() if type(layer).__name__ in ("Linear", "Conv2d")][-1]


def _module(builder: str) -> ModuleType:
    if builder not in builders():
        raise HemapipeError(f"no network builder {builder!r}{did_you_mean(builder, builders())}")
    return importlib.import_module(f"{__name__}.{builder}")
