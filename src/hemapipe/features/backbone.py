"""Pooled features of a frozen network, exported once to ONNX and run by ONNX Runtime.

ONNX Runtime is 2–8 times as fast as PyTorch on CPUs here. What makes the graph fast:

- the batch size is fixed and a last, smaller batch is filled up with black images. With a free batch size the
  padding arithmetic of "same" convolutions stays in the graph, which costs a third of the throughput;
- normalisation is part of the graph, so that a quarter of the bytes (uint8) goes in.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from hemapipe.models.cnn import Preprocessing, backbone
from hemapipe.runtime import session

Extract = Callable[[np.ndarray], np.ndarray]


class Normalised(nn.Module):
    """A network with its normalisation in front: images (n, px, px, 3), uint8 RGB → its output, float32."""

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, network: nn.Module, norm: Preprocessing) -> None:
        """Put `norm`, of values scaled to 0..1, in front of `network`."""
        super().__init__()
        self.network = network
        self.register_buffer("shift", 255 * torch.tensor(norm.mean).view(1, 3, 1, 1))
        self.register_buffer("scale", 1 / (255 * torch.tensor(norm.std).view(1, 3, 1, 1)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Normalise and run the network."""
        return self.network((images.permute(0, 3, 1, 2).float() - self.shift) * self.scale)


def load(builder: str, arch: str, weights: str, px: int, batch_size: int, threads: int) -> Extract:
    """Return images (n, px, px, 3), uint8 RGB → pooled features (n, d), float32, of a frozen network.

    Equal images give equal features, whatever their batch.

    Raises:
        HemapipeError: unknown builder, architecture or weights, or weights that cannot be had here.
    """
    network, norm = backbone(builder, arch, weights, px)
    return run(session(export(Normalised(network, norm).eval(), px, batch_size), threads), batch_size)


def export(module: nn.Module, px: int, batch_size: int) -> bytes:
    """Return the ONNX model of a `module` that takes exactly `batch_size` images (px, px, 3), uint8.

    The exporter is the tracing one: it takes 2 s where the one based on torch.export takes 10 s, and its graph is as
    fast. Its deprecation is silenced; torch is pinned and the parity with torch is tested.
    """
    example = torch.zeros(batch_size, px, px, 3, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        path = Path(folder) / "backbone.onnx"
        torch.onnx.export(module, (example,), path, input_names=["images"], output_names=["features"], dynamo=False)
        return path.read_bytes()


def run(model: onnxruntime.InferenceSession, batch_size: int) -> Extract:
    """Return the function that runs `model` on any number of images, `batch_size` at a time."""

    def extract(images: np.ndarray) -> np.ndarray:
        batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
        features = [model.run(None, {"images": _filled(batch, batch_size)})[0] for batch in batches]
        return np.concatenate(features)[: len(images)].reshape(len(images), -1)

    return extract


def _filled(batch: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(batch)
    return np.pad(batch, [(0, missing), (0, 0), (0, 0), (0, 0)]) if missing else np.ascontiguousarray(batch)
