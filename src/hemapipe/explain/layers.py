"""Where Grad-CAM looks: the last feature map of a network, found by watching one image go through."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hemapipe.core.errors import HemapipeError

#: Smallest side of a map that still tells places apart. On small images the very last map of most networks is 2×2 or,
#: behind the pooling of MobileNetV3, 1×1: an earlier one is taken there.
LEAST_SIDE = 4


def last_map(network: nn.Module, images: torch.Tensor) -> nn.Module:
    """Return the module that gives the last map (n, c, h, w) of at least `LEAST_SIDE` px a side, or the largest there.

    Any module counts, so that the map comes with its normalisation and activation, and from all branches of a block. A
    module that is called more than once does not, as its maps could not be told apart. `images` (1, 3, px, px), float.

    Raises:
        HemapipeError: the network has no convolutions, or only one, to cut the image into patches.
    """
    if sum(isinstance(module, nn.Conv2d) for module in network.modules()) < 2:
        raise HemapipeError("Grad-CAM needs a convolutional network, and this one has none but its patch embedding")
    seen: list[tuple[nn.Module, int]] = []

    def note(module: nn.Module, _: Any, out: Any) -> None:
        seen.append((module, min(out.shape[2:]) if isinstance(out, torch.Tensor) and out.ndim == 4 else 0))

    handles = [module.register_forward_hook(note) for module in network.modules()]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    modules = [module for module, _ in seen]
    maps = [(module, side) for module, side in seen if side and modules.count(module) == 1]
    least = min(LEAST_SIDE, max(side for _, side in maps))
    return [module for module, side in maps if side >= least][-1]
