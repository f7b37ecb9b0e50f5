"""Feature extraction against bare ONNX Runtime: `python benchmarks/features.py [--px 224] [--pairs 9] [--threads 2]`.

Bare: the same network without normalisation, on normalised float images that wait in memory, output thrown away.
Ours: from the packed uint8 file on disk to the feature file on disk. Both run once per pair, in turns, and the median
ratio is printed, so that what else the machine does hits both. Setting up (building, exporting) is printed apart.
"""

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from hemapipe.features import backbone
from hemapipe.features.extract import Extractor, fill
from hemapipe.models.cnn import backbone as build


class Channels(torch.nn.Module):
    """The network alone, its input as ONNX Runtime's convolutions want it: (n, 3, px, px), float32."""

    def __init__(self, network):
        """Wrap `network`, so that the exporter names its input."""
        super().__init__()
        self.network = network

    def forward(self, images):
        """Run the network."""
        return self.network(images)


def bare_session(network, px, batch_size, threads):
    """Return a session of `network` without anything of ours in front."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bare.onnx"
        example = torch.zeros(batch_size, 3, px, px)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(Channels(network), (example,), path, input_names=["images"], dynamo=False)
        return backbone.session(path.read_bytes(), threads)


def timed(function):
    """Return the seconds `function` takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="tf_efficientnet_lite0")
    parser.add_argument("--weights", default="packaged")
    parser.add_argument("--px", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    n = args.batches * args.batch_size
    random = np.random.default_rng(0)
    began = time.perf_counter()
    extract = backbone.load("timm", args.arch, args.weights, args.px, args.batch_size, args.threads)
    print(f"setting up: {time.perf_counter() - began:.1f} s")
    network, _ = build("timm", args.arch, args.weights, args.px)
    bare = bare_session(network, args.px, args.batch_size, args.threads)
    batch = random.normal(size=(args.batch_size, 3, args.px, args.px)).astype(np.float32)

    with tempfile.TemporaryDirectory() as folder:
        packed, out = Path(folder) / "packed.npy", Path(folder) / "features.npy"
        np.save(packed, random.integers(0, 256, (n, args.px, args.px, 3), dtype=np.uint8))

        def ours():
            fill(np.load(packed, mmap_mode="r"), Extractor(extract, args.batch_size), out)

        def theirs():
            for _ in range(args.batches):
                bare.run(None, {"images": batch})

        ours(), theirs()
        pairs = [(timed(theirs), timed(ours)) for _ in range(args.pairs)]
    print(f"bare ONNX Runtime: {n / statistics.median(t for t, _ in pairs):.0f} img/s (median of {args.pairs})")
    print(f"extract_features:  {n / statistics.median(t for _, t in pairs):.0f} img/s")
    print(f"ratio: {statistics.median(t / o for t, o in pairs):.3f} (wanted: at least 0.90)")


if __name__ == "__main__":
    main()
