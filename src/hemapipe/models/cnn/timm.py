"""Every network of timm (Wightman, https://github.com/huggingface/pytorch-image-models), by its name there."""

from __future__ import annotations

from typing import Any

import timm
from timm.models import PretrainedCfg
from torch import nn

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.models.cnn import Preprocessing
from hemapipe.models.cnn.weights import from_hub, load_packaged


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return timm's `arch` with a new classifier of `n_classes`; 0 leaves the pooled features.

    Raises:
        HemapipeError: unknown architecture, or weights that cannot be had.
    """
    options = _options(arch, px)
    if weights == "hub":
        return from_hub(
            lambda: timm.create_model(arch, pretrained=True, num_classes=n_classes, **options), arch, "timm"
        )
    if weights == "packaged":
        network: Any = timm.create_model(arch, **options)
        load_packaged(network, arch)
        network.reset_classifier(n_classes)
        return network
    return timm.create_model(arch, num_classes=n_classes, **options)


def backbone(arch: str, px: int, weights: str) -> nn.Module:
    """Return timm's `arch` up to its pooled features."""
    return build(arch, 0, px, weights)


def preprocessing(arch: str) -> Preprocessing:
    """Return the normalisation timm publishes for the default weights of `arch`."""
    facts = _facts(arch)
    return Preprocessing(tuple(facts.mean), tuple(facts.std))


def _options(arch: str, px: int) -> dict[str, Any]:
    """Networks with position embeddings are laid out for one size of image; the others take any."""
    return {"img_size": px} if _facts(arch).fixed_input_size else {}


def _facts(arch: str) -> PretrainedCfg:
    facts = timm.get_pretrained_cfg(arch) if timm.is_model(arch) else None
    if facts is None:
        raise HemapipeError(f"timm has no network {arch!r}{did_you_mean(arch, timm.list_models())}")
    return facts
