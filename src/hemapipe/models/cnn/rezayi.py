"""The network of Rezayi et al. 2021 (Timely Diagnosis of ALL Using AI-Oriented Methods, 10.1155/2021/5478157).

Five pairs of 2×2 convolutions with "same" padding, 128, 64, 32, 16 and 8 filters, batch norm after each, and 2×2
max-pooling with stride 2 and dropout .1 after each pair; a dense layer of 1024, two more, and the classes. The sizes of
those two and the activations are not given: 512 and 256, and ReLU, are taken.
"""

from __future__ import annotations

import torch
from torch import nn

from hemapipe.models.cnn.weights import require_scratch

_FILTERS = (128, 64, 32, 16, 8)
_HIDDEN = (1024, 512, 256)
_DROPOUT = 0.1
_SMALLEST_PX = 2 ** len(_FILTERS)
#: "Same" padding of a 2×2 kernel, as Keras has it: one row below and one column to the right.
_SAME = (0, 1, 0, 1)


class RezayiNet(nn.Module):
    """Ten convolutions in pairs, and four dense layers."""

    def __init__(self, n_classes: int, px: int) -> None:
        """Lay out the network for images of `px` pixels (70 in the paper)."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for filters in _FILTERS:
            for _ in range(2):
                layers += [nn.ZeroPad2d(_SAME), nn.Conv2d(channels, filters, 2), nn.ReLU(), nn.BatchNorm2d(filters)]
                channels = filters
            layers += [nn.MaxPool2d(2, 2), nn.Dropout(_DROPOUT)]
        side = px // _SMALLEST_PX
        width = channels * side * side
        dense: list[nn.Module] = [nn.Flatten()]
        for hidden in _HIDDEN:
            dense += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(*dense, nn.Linear(width, n_classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        return self.classifier(self.features(images))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return the network with random weights; there are no others, and `arch` has one value too.

    Raises:
        HemapipeError: other weights than scratch, or images too small for five poolings.
    """
    require_scratch("rezayi", weights, px, _SMALLEST_PX)
    return RezayiNet(n_classes, px)
