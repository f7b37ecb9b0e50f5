"""LeNet-5 (LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 1998).

Adapted from 32×32 grey digits to RGB images of any side: three input channels; C5 takes the whole map S4,
whatever its side; C3 is connected to all maps of S2; plain tanh and average pooling without coefficients; a
linear output layer in place of the radial basis functions.
"""

from __future__ import annotations

import torch
from torch import nn

from hemapipe.models.cnn.weights import require_scratch

_SMALLEST_PX = 16


class LeNet5(nn.Module):
    """Layers C1, S2, C3, S4, C5, F6 and the output, named as in the paper."""

    def __init__(self, n_classes: int, px: int) -> None:
        """Lay out the network for images of `px` pixels."""
        super().__init__()
        side = ((px - 4) // 2 - 4) // 2  # two 5×5 convolutions without padding, each followed by halving
        self.c1 = nn.Conv2d(3, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Linear(16 * side * side, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, n_classes)
        self.pool = nn.AvgPool2d(2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        s2 = self.pool(torch.tanh(self.c1(images)))
        s4 = self.pool(torch.tanh(self.c3(s2)))
        c5 = torch.tanh(self.c5(s4.flatten(1)))
        return self.output(torch.tanh(self.f6(c5)))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return a LeNet-5 with random weights; there are no others, and `arch` has one value too.

    Raises:
        HemapipeError: other weights than scratch, or images too small for the layers.
    """
    require_scratch("lenet", weights, px, _SMALLEST_PX)
    return LeNet5(n_classes, px)
