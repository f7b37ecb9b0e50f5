"""Layer groups: the pretrained body and the new head, which may be trained differently, or only the latter."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from hemapipe.models import cnn
from hemapipe.training.cnn.params import TrainParams


def prepare(network: nn.Module, builder: str, params: TrainParams) -> None:
    """Freeze and thin out `network` as the recipe says.

    `freeze: body` leaves the head and all batch norms trainable, as fastai's `freeze` does (Howard & Gugger 2020).
    `dropout` sets the rate of every dropout layer, and of timm's networks, which keep theirs as an attribute.
    """
    if params.dropout is not None:
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = params.dropout
            if hasattr(module, "drop_rate"):
                setattr(module, "drop_rate", params.dropout)  # noqa: B010 (a number, not a submodule)
    if params.freeze == "body":
        network.requires_grad_(False)
        cnn.head(builder, network).requires_grad_(True)
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                module.requires_grad_(True)


def groups(network: nn.Module, builder: str, params: TrainParams) -> list[dict[str, Any]]:
    """Return the parameter groups to optimise: one, or body and head where `lr_body` gives the body its own rate.

    These are the discriminative learning rates of Howard & Ruder (Universal language model fine-tuning, ACL 2018),
    with the two groups fastai makes of a timm network: its `slice(lo, hi)` is lr_body lo, lr hi.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if params.lr_body is None:
        return [{"params": trained, "lr": params.lr}]
    head = {id(parameter) for parameter in cnn.head(builder, network).parameters()}
    body = [parameter for parameter in trained if id(parameter) not in head]
    return [
        {"params": body, "lr": params.lr_body},
        {"params": [parameter for parameter in trained if id(parameter) in head], "lr": params.lr},
    ]
