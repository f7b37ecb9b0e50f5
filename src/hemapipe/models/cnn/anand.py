"""The network of Anand et al. 2025 (Deep learning model for early ALL detection, Sci. Rep. 15:29147).

Blocks of 3×3 convolutions with 16, 32, 64, 128 and 256 filters, each convolution followed by ReLU and batch norm, each
block by max-pooling; then a dense layer of 512, dropout, and the classes. The paper says thirteen convolutions in five
blocks with two in the first; 2+2+3+3+3 is the arrangement of that (as in VGG16) which gives thirteen. Its shallower and
deeper variants are not described: ten (two in every block) and sixteen (2+2+4+4+4, as in VGG19) stand in for them.
"""

from __future__ import annotations

import torch
from torch import nn

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.models.cnn.weights import require_scratch

#: Architecture → convolutions in each block.
BLOCKS = {"conv10": (2, 2, 2, 2, 2), "conv13": (2, 2, 3, 3, 3), "conv16": (2, 2, 4, 4, 4)}
_FILTERS = (16, 32, 64, 128, 256)
_HIDDEN = 512
#: The rate is not given; .5 is that of VGG (Simonyan & Zisserman 2015), whose layout the network has.
_DROPOUT = 0.5
_SMALLEST_PX = 2 ** len(_FILTERS)


class AnandNet(nn.Module):
    """Five blocks of convolutions and a dense classifier."""

    def __init__(self, blocks: tuple[int, ...], n_classes: int, px: int) -> None:
        """Lay out the network for images of `px` pixels."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for n_convolutions, filters in zip(blocks, _FILTERS, strict=True):
            for _ in range(n_convolutions):
                layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(filters)]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        side = px // _SMALLEST_PX
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * side * side, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, n_classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        return self.classifier(self.features(images))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return the network with random weights; there are no others.

    Raises:
        HemapipeError: unknown variant, other weights than scratch, or images too small for five poolings.
    """
    if arch not in BLOCKS:
        raise HemapipeError(f"anand has no variant {arch!r}{did_you_mean(arch, BLOCKS)}")
    require_scratch("anand", weights, px, _SMALLEST_PX)
    return AnandNet(BLOCKS[arch], n_classes, px)
