"""Any timm network under the head that fastai puts on a pretrained body (Howard & Gugger 2020, `create_head`).

Average and maximum pooling side by side, batch norm, dropout .25, a dense layer of 512 without bias, ReLU, batch norm,
dropout .5, and the classes without bias. Over EfficientNet-B3 with four classes that is 1,582,080 parameters above
10,696,232: the 12,278,312 of Yaseen et al. 2025.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hemapipe.core.errors import HemapipeError
from hemapipe.models.cnn import Preprocessing, timm

_HIDDEN = 512
_DROPOUT = (0.25, 0.5)


class ConcatPool(nn.Module):
    """Maximum and average over the map, side by side."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return (N, 2c) for (N, c, h, w)."""
        return torch.cat([maps.amax((2, 3)), maps.mean((2, 3))], dim=1)


class Headed(nn.Module):
    """A body of timm's, and the head on its maps."""

    def __init__(self, body: Any, n_features: int, n_classes: int) -> None:
        """Put a head for `n_classes` on `body`, whose `forward_features` gives (N, n_features, h, w)."""
        super().__init__()
        self.body: Any = body
        self.head = nn.Sequential(
            ConcatPool(),
            nn.BatchNorm1d(2 * n_features),
            nn.Dropout(_DROPOUT[0]),
            nn.Linear(2 * n_features, _HIDDEN, bias=False),
            nn.ReLU(),
            nn.BatchNorm1d(_HIDDEN),
            nn.Dropout(_DROPOUT[1]),
            nn.Linear(_HIDDEN, n_classes, bias=False),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        return self.head(self.body.forward_features(images))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return timm's `arch` under a fastai head for `n_classes`.

    Raises:
        HemapipeError: unknown architecture, one that gives no maps, or weights that cannot be had.
    """
    body: Any = timm.build(arch, 0, px, weights)
    with torch.no_grad():
        maps = body.eval().forward_features(torch.zeros(1, 3, px, px))
    if maps.ndim != 4 or maps.shape[1] != body.num_features:
        raise HemapipeError(f"fastai's head needs maps (N, c, h, w), and timm's {arch} gives {tuple(maps.shape)}")
    return Headed(body.train(), body.num_features, n_classes)


def preprocessing(arch: str) -> Preprocessing:
    """Return the normalisation timm publishes for `arch`."""
    return timm.preprocessing(arch)


def head(network: nn.Module) -> nn.Module:
    """Return the part that is new: the rest is the pretrained body."""
    return network.get_submodule("head")
