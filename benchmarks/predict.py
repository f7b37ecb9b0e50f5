"""Latency of one image against bare ONNX Runtime: `python benchmarks/predict.py [--images 100] [--rounds 9]`.

Bare: `cv2.imdecode`, `cv2.resize`, the exported graph, softmax, for one image after the other. Ours: `images.decode`
and `Run.probabilities`, which check the file, resize as training did and calibrate. Both take the same files in turns;
the ratio is the median over rounds. Networks only: what a classical model needs besides its graph is hemapipe's own.
Then a table of all models: milliseconds for an image with attributes and warnings, as `hemapipe predict` has it, and
sizes. Needs a finished `make repro`.
"""

import argparse
import statistics
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np

from hemapipe.core.tables import MANIFEST, read_table
from hemapipe.images import decode
from hemapipe.predict.card import GRAPH, GRAPH_8_BIT
from hemapipe.predict.run import load_run
from hemapipe.runtime import session

ROOT = Path(__file__).resolve().parent.parent


def bare(running, files, px):
    """Decode, resize and classify each file."""
    for data in files:
        image = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if image.shape[:2] != (px, px):
            image = cv2.resize(image, (px, px), interpolation=cv2.INTER_AREA)
        logits = running.run(None, {"images": image[None]})[0].astype(np.float64)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p / p.sum(axis=1, keepdims=True)


def ours(run, name, files):
    """Decode and classify each file as prediction does."""
    for data in files:
        run.probabilities(name, [decode(data).pixels])


def seconds(function, *args):
    """Return the seconds a call takes."""
    began = time.perf_counter()
    function(*args)
    return time.perf_counter() - began


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout whose models are measured")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    manifest = read_table(args.root / "data/manifest.csv", MANIFEST)
    paths = manifest.loc[manifest["status"] == "ok", "path"].iloc[: args.images]
    with zipfile.ZipFile(args.root / "data/raw.zip") as archive:
        files = [archive.read(path) for path in paths]

    print(f"one image, {args.threads} thread(s), median of {args.rounds} rounds over {len(files)} images")
    print(f"{'network':28} {'bare ms':>8} {'ours ms':>8} {'ratio':>6}  (wanted: at most 1.15)")
    for eight_bits in (False, True):
        run = load_run(args.root, threads=args.threads, int8=eight_bits)
        for name, model in run.models.items():
            if model.family != "cnn":
                continue
            graph = args.root / "data/export/models" / name / (GRAPH_8_BIT if eight_bits else GRAPH)
            running = session(graph, args.threads)
            cv2.setNumThreads(1)
            pairs = [
                (seconds(bare, running, files, model.card.px), seconds(ours, run, name, files))
                for _ in range(args.rounds + 1)
            ][1:]
            ms = [1000 / len(files) * statistics.median(one) for one in zip(*pairs, strict=True)]
            ratio = statistics.median(b / a for a, b in pairs)
            print(f"{name + (' (int8)' if eight_bits else ''):28} {ms[0]:8.2f} {ms[1]:8.2f} {ratio:6.3f}")

    print("\n| model | balanced accuracy | ms per image, alone | ms per image, of 32 | size, MB | int8, MB |")
    print("|---|---|---|---|---|---|")
    run = load_run(args.root, threads=args.threads)
    pixels = [decode(data).pixels for data in files[:32]]
    for name in run.models:
        alone = run.only(name)
        alone.look(pixels)
        one = statistics.median(seconds(alone.look, [image]) for image in pixels)
        many = statistics.median(seconds(alone.look, pixels) for _ in range(3)) / len(pixels)
        folder = args.root / "data/export/models" / name
        sizes = [
            f"{path.stat().st_size / 1e6:.2f}" if path.exists() else "-"
            for path in (folder / GRAPH, folder / GRAPH_8_BIT)
        ]
        score = f"{run.scores[name].get('balanced_accuracy', float('nan')):.3f}"
        print(f"| {name} | {score} | {1000 * one:.1f} | {1000 * many:.1f} | {' | '.join(sizes)} |")


if __name__ == "__main__":
    main()
