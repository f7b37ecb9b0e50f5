"""A trained network on disk: weights as safetensors, and beside them all that is needed to build it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json
from hemapipe.models import cnn

CARD = "model.json"


class ModelCard(NamedTuple):
    """What a network is: builder and architecture, side of its images, classes in order, normalisation per channel."""

    builder: str
    arch: str
    px: int
    classes: list[str]
    mean: list[float]
    std: list[float]


def make_card(builder: str, arch: str, px: int, classes: list[str]) -> ModelCard:
    """Return the card of a network to be built, with the normalisation its weights were made with."""
    norm = cnn.preprocessing(builder, arch)
    return ModelCard(builder, arch, px, classes, list(norm.mean), list(norm.std))


class Classifier(nn.Module):
    """A network with its normalisation: images (n, 3, px, px), uint8 RGB → logits (n, n_classes), float32."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        """Put the card's normalisation in front of `network`."""
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(card.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(card.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Normalise and classify."""
        return self.network((images - self.mean) / self.std).float()


def build_classifier(card: ModelCard, weights: str) -> Classifier:
    """Return the network of a card with `weights` (scratch, packaged or hub), ready to train."""
    return Classifier(cnn.build(card.builder, card.arch, len(card.classes), card.px, weights), card)


def save_weights(classifier: Classifier, path: Path) -> None:
    """Write the network's tensors; equal weights give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in classifier.network.state_dict().items()}
    save_file(tensors, path)


def save_card(card: ModelCard, folder: Path) -> None:
    """Write model.json."""
    write_json(card._asdict(), folder / CARD)


def load_classifier(folder: Path, fold: int = 0) -> tuple[Classifier, ModelCard]:
    """Return the network of `data/models/<model>/`, in eval mode, and its card.

    Raises:
        HemapipeError: the weights of that fold were not kept.
    """
    path = folder / f"fold{fold}.safetensors"
    if not path.exists():
        raise HemapipeError(f"{path} not found: set `keep_weights: fold0` or `all` in train_cnn, then `dvc repro`")
    card = ModelCard(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    return load_weights(build_classifier(card, "scratch"), path).eval(), card


def load_weights(classifier: Classifier, path: Path) -> Classifier:
    """Fill the network with the tensors of a file and return it."""
    classifier.network.load_state_dict(load_file(path))
    return classifier
