"""A training epoch of hemapipe against a bare torch loop: `python benchmarks/epoch.py [--pairs 9] [--images 256]`.

Both train resnet18 on the same random images of 128 px, batch 32, bf16, channels_last, with the same augmentation
(flips, transpose), AdamW and a one-cycle schedule. The clock covers the whole call, so building the network, and all
that Lightning does around an epoch, count. Pairs alternate in order; the figure is the median of their ratios.
"""

import argparse
import statistics
import time

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from hemapipe.core.tables import OPS
from hemapipe.models.cnn import IMAGENET, build
from hemapipe.training.cnn.fit import fit
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.store import ModelCard

PX, BATCH, N_CLASSES, LR = 128, 32, 4, 1e-3


def ours(images: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Train as the stage does."""
    table = {"row": np.arange(len(images)), "target": labels, "variant": 0, "role": "train", **dict.fromkeys(OPS, 0.0)}
    card = ModelCard("timm", "resnet18", PX, list("abcd"), list(IMAGENET.mean), list(IMAGENET.std))
    recipe = TrainParams(
        epochs=epochs,
        batch_size=BATCH,
        lr=LR,
        precision="bf16",
        accelerator="cpu",
        online_augment=["flips", "transpose"],
    )
    fit(card, "scratch", images, pd.DataFrame(table), recipe, seed=1)


def bare(images: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Train as one would by hand."""
    torch.use_deterministic_algorithms(False)
    network = build("timm", "resnet18", N_CLASSES, PX, "scratch").to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR)
    n_batches = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=epochs * n_batches)
    targets = torch.from_numpy(labels)
    mean, std = (255 * torch.tensor(part).view(1, 3, 1, 1) for part in IMAGENET)
    for _ in range(epochs):
        order = np.random.permutation(len(images))
        for start in range(0, n_batches * BATCH, BATCH):
            chosen = order[start : start + BATCH]
            x = augment(torch.from_numpy(images[chosen]).permute(0, 3, 1, 2))
            with torch.autocast("cpu", torch.bfloat16):
                loss = functional.cross_entropy(network((x - mean) / std), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def augment(images: torch.Tensor) -> torch.Tensor:
    """Flip and transpose each image at random."""
    heads = (torch.rand(len(images), 3) < 0.5)[:, :, None, None, None]
    images = torch.where(heads[:, 0], images.flip(3), images)
    images = torch.where(heads[:, 1], images.flip(2), images)
    images = torch.where(heads[:, 2], images.transpose(2, 3), images)
    return images.contiguous(memory_format=torch.channels_last)


def seconds(train, *arguments) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    train(*arguments)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--images", type=int, default=256, help="images per epoch")
    parser.add_argument("--epochs", type=int, default=2, help="epochs per measurement")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (options.images, PX, PX, 3), dtype=np.uint8)
    labels = random.integers(0, N_CLASSES, options.images)
    work = images, labels, options.epochs
    for train in (ours, bare):
        train(images[:BATCH], labels[:BATCH], 1)  # warm up
    ratios = []
    for pair in range(options.pairs):
        order = (ours, bare) if pair % 2 else (bare, ours)
        took = {train: seconds(train, *work) for train in order}
        ratios.append(took[bare] / took[ours])
        rate = options.images * options.epochs / took[ours]
        print(f"pair {pair + 1}: ours {took[ours]:.2f} s ({rate:.0f} img/s), bare {took[bare]:.2f} s, {ratios[-1]:.3f}")
    print(f"speed of ours relative to the bare loop: median {statistics.median(ratios):.3f} of {len(ratios)} pairs")


if __name__ == "__main__":
    main()
