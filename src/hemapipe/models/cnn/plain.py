"""A plain CNN, for "a CNN" of Rai et al. 2025, which does not describe it.

Three 3×3 convolutions with 32, 64 and 128 filters, ReLU and 2×2 max-pooling after each, a dense layer of 128, dropout
.5: the textbook network of LeCun, Bengio and Hinton's review (Deep learning, Nature 2015; 521:436) at today's widths.
"""

from __future__ import annotations

import torch
from torch import nn

from hemapipe.models.cnn.weights import require_scratch

_FILTERS = (32, 64, 128)
_HIDDEN = 128
_DROPOUT = 0.5
_SMALLEST_PX = 2 ** len(_FILTERS)


class PlainCnn(nn.Module):
    """Convolve and halve three times, then classify."""

    def __init__(self, n_classes: int, px: int) -> None:
        """Lay out the network for images of `px` pixels."""
        super().__init__()
        layers: list[nn.Module] = []
        for channels, filters in zip((3, *_FILTERS), _FILTERS, strict=False):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        side = px // _SMALLEST_PX
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(_FILTERS[-1] * side * side, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, n_classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        return self.classifier(self.features(images))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return the network with random weights; there are no others, and `arch` has one value too.

    Raises:
        HemapipeError: other weights than scratch, or images too small for three poolings.
    """
    require_scratch("plain", weights, px, _SMALLEST_PX)
    return PlainCnn(n_classes, px)
