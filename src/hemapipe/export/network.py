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
    settle_padding(module)
    # Two images: a batch of one may be traced into a graph that only takes one.
    example = torch.zeros(2, px, px, 3, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        module(example)  # here the sides of the padding are settled
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


def settle_padding(module: nn.Module) -> None:
    """Replace TensorFlow-like "same" convolutions by timm's variant whose padding is fixed at the first image.

    Otherwise the padding is worked out in the graph for every batch, at a third of the throughput.
    """
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is Conv2dSame:
                setattr(parent, name, _fixed(child))


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
