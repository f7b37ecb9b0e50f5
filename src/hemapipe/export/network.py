"""A network as an ONNX graph: uint8 images in, any number at once, normalisation inside."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import torch
from timm.layers.conv2d_same import Conv2dSame, Conv2dSameExport
from torch import nn

#: The newest operator set that the tracing exporter and ONNX Runtime's quantiser both know.
OPSET = 17
INPUT = "images"


class ByPixels(nn.Module):
    """A classifier of images (n, 3, px, px) that takes them as they are decoded: (n, px, px, 3), uint8 RGB."""

    def __init__(self, classifier: nn.Module) -> None:
        """Put the transposition in front of `classifier`."""
        super().__init__()
        self.classifier = classifier

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Transpose and classify."""
        return self.classifier(images.permute(0, 3, 1, 2))


def to_onnx(module: nn.Module, px: int, output: str) -> bytes:
    """Return the ONNX model of a `module` in eval mode that takes images (n, px, px, 3), uint8, with n free.

    The tracing exporter is used, as in `features.backbone.export`.
    """
    settle(module)
    # Two images: a batch of one may be traced into a graph that only takes one.
    example = torch.zeros(2, px, px, 3, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        module(example)  # here the sizes of padding and pooling are settled
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            module,
            (example,),
            path,
            input_names=[INPUT],
            output_names=[output],
            dynamic_axes={INPUT: {0: "n"}, output: {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
        return path.read_bytes()


def settle(module: nn.Module) -> None:
    """Replace the layers that work out sizes for every batch by ones that settle them at the first images.

    TensorFlow-like "same" convolutions: otherwise their padding is arithmetic in the graph, at a third of the
    throughput. Adaptive pooling to more than one cell: otherwise it cannot be exported where the sizes do not divide.
    """
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is Conv2dSame:
                setattr(parent, name, _fixed(child))
            elif type(child) is nn.AdaptiveAvgPool2d and child.output_size not in (1, (1, 1)):
                setattr(parent, name, SettledPool(child))


class SettledPool(nn.Module):
    """Adaptive average pooling as two products with matrices: it is linear, and separable in height and width."""

    def __init__(self, layer: nn.AdaptiveAvgPool2d) -> None:
        """Take the output size of `layer`."""
        super().__init__()
        size = layer.output_size
        self.size = size if isinstance(size, tuple) else (size, size)
        self.settled: list[torch.Tensor] = []

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the pooled maps; those of the first call say how large all later ones are."""
        if not self.settled:
            self.settled = [_averages(n, out) for n, out in zip(maps.shape[-2:], self.size, strict=True)]
        rows, columns = self.settled
        return rows @ maps @ columns.T


def _averages(n: int, out: int | None) -> torch.Tensor:
    """Return the matrix (out, n) of adaptive average pooling: row i averages ⌊i n / out⌋ .. ⌈(i + 1) n / out⌉."""
    return nn.functional.adaptive_avg_pool1d(torch.eye(int(n)), out or int(n)).T.contiguous()


def _fixed(layer: Conv2dSame) -> Conv2dSameExport:
    fixed = Conv2dSameExport(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        0,
        layer.dilation,  # type: ignore[arg-type]
        layer.groups,
        layer.bias is not None,
    )
    fixed.load_state_dict(layer.state_dict())
    return fixed.eval()
