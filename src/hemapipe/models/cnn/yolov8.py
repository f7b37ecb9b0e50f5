"""The classification networks of YOLOv8, written from their published layout; no code or weights of the original.

Layout: a stem and four stages, each a 3×3 convolution of stride 2 and a C2f block, then a 1×1 convolution to 1280
channels, global average pooling and a linear layer. C2f splits its input in two, sends one half through n bottlenecks
one after the other, and joins all intermediate results (a CSP block, Wang et al. 2020, with the dense joins of ELAN,
Wang et al. 2022). Every convolution is followed by batch norm and SiLU. Widths and depths scale by the factors of the
sizes n, s, m, l and x. The original is AGPL; its layout is fact, and this code is under this project's licence.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.models.cnn.weights import require_scratch

#: Architecture → depth factor, width factor.
SCALES = {
    "yolov8n": (0.33, 0.25),
    "yolov8s": (0.33, 0.50),
    "yolov8m": (0.67, 0.75),
    "yolov8l": (1.00, 1.00),
    "yolov8x": (1.00, 1.25),
}
_STEM, _STAGES = 64, ((128, 3), (256, 6), (512, 6), (1024, 3))
_HEAD = 1280
_SMALLEST_PX = 32


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch norm, SiLU."""

    def __init__(self, n_in: int, n_out: int, kernel: int = 1, stride: int = 1) -> None:
        """Pad so that stride 1 keeps the size."""
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(n_out, eps=1e-3, momentum=0.03),
            nn.SiLU(),
        )


class Bottleneck(nn.Module):
    """Two 3×3 convolutions with a way around them."""

    def __init__(self, width: int) -> None:
        """Keep `width` channels throughout."""
        super().__init__()
        self.convolutions = nn.Sequential(ConvBlock(width, width, 3), ConvBlock(width, width, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to x, and x."""
        return x + self.convolutions(x)


class C2f(nn.Module):
    """Split in two, send one half through `n` bottlenecks, join both halves and every intermediate result."""

    def __init__(self, width: int, n: int) -> None:
        """Keep `width` channels."""
        super().__init__()
        self.n_half = width // 2
        self.split = ConvBlock(width, 2 * self.n_half)
        self.bottlenecks = nn.ModuleList(Bottleneck(self.n_half) for _ in range(n))
        self.join = ConvBlock((2 + n) * self.n_half, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, width, h, w) for (N, width, h, w)."""
        parts = list(self.split(x).split(self.n_half, dim=1))
        for bottleneck in self.bottlenecks:
            parts.append(bottleneck(parts[-1]))
        return self.join(torch.cat(parts, dim=1))


class YoloV8Classifier(nn.Module):
    """Stem, four stages, 1×1 convolution, average, linear layer."""

    def __init__(self, arch: str, n_classes: int) -> None:
        """Scale the layout by the factors of `arch`."""
        super().__init__()
        depth, factor = SCALES[arch]
        widths = [math.ceil(width * factor / 8) * 8 for width in (_STEM, *(w for w, _ in _STAGES))]
        layers: list[nn.Module] = [ConvBlock(3, widths[0], 3, 2)]
        for (n_in, n_out), (_, repeats) in zip(itertools.pairwise(widths), _STAGES, strict=True):
            layers += [ConvBlock(n_in, n_out, 3, 2), C2f(n_out, max(1, round(repeats * depth)))]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(ConvBlock(widths[-1], _HEAD), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(_HEAD, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) for images (N, 3, px, px)."""
        return self.classifier(self.head(self.features(images)))


def build(arch: str, n_classes: int, px: int, weights: str) -> nn.Module:
    """Return the network with random weights; pretrained ones are AGPL and are not loaded.

    Raises:
        HemapipeError: unknown size, other weights than scratch, or images too small.
    """
    if arch not in SCALES:
        raise HemapipeError(f"yolov8 has no network {arch!r}{did_you_mean(arch, SCALES)}")
    require_scratch("yolov8", weights, px, _SMALLEST_PX, lacks="has weights under the AGPL, which are not loaded")
    return YoloV8Classifier(arch, n_classes)
