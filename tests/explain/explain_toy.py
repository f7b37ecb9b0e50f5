"""Networks planted to look at one thing only, and the images they learnt it on."""

from functools import cache

import cv2
import numpy as np
import torch
from torch import nn

from hemapipe.explain.methods import as_tensor
from hemapipe.training.cnn.store import Classifier, ModelCard

CLASSES = ["bluish", "reddish"]
PX = 48
TINT = np.array([[-14, 0, 14], [14, 0, -14]])
CARD = ModelCard("toy", "toy", PX, CLASSES, [0.5] * 3, [0.5] * 3)


class SmallNet(nn.Module):
    """Three convolutions and an average over the map."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        )  # fmt: skip
        self.classify = nn.Linear(16, 2)

    def forward(self, images):
        return self.classify(self.features(images).mean((2, 3)))


def smears(n: int, tinted: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Purple cells on a pale slide, and the classes: only the part `tinted` (cells or background) leans with them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = np.empty((n, PX, PX, 3), np.uint8)
    for index, label in enumerate(labels):
        mask = np.zeros((PX, PX), np.uint8)
        for _ in range(4):
            cv2.circle(mask, tuple(rng.integers(6, PX - 6, 2).tolist()), int(rng.integers(5, 8)), 1, -1)
        leans = {"cells": TINT[label], "background": rng.integers(-14, 15, 3)}
        if tinted == "background":
            leans = {"cells": rng.integers(-14, 15, 3), "background": TINT[label]}
        cells, slide = np.array([120, 60, 150]) + leans["cells"], np.array([225, 222, 225]) + leans["background"]
        image = np.where(mask[..., None] > 0, cells, slide) + rng.normal(0, 4, (PX, PX, 3))
        images[index] = np.clip(image, 0, 255)
    return images, labels


@cache
def planted(tinted: str) -> Classifier:
    """A network that learnt its classes from the cells alone, or from the background alone."""
    torch.manual_seed(3)
    classifier = Classifier(SmallNet(), CARD)
    images, labels = smears(96, tinted, seed=1)
    x, y = as_tensor(images), torch.from_numpy(labels)
    climb = torch.optim.Adam(classifier.parameters(), 0.01)
    for _ in range(15):
        for part in torch.randperm(len(x)).split(32):
            climb.zero_grad()
            nn.functional.cross_entropy(classifier(x[part]), y[part]).backward()
            climb.step()
    return classifier.eval()
