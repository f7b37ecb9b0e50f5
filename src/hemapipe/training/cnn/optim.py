"""Optimisers and learning-rate schedules by the names they have in params.yaml."""

from __future__ import annotations

from typing import Any

from torch import optim
from torch.optim import lr_scheduler

from hemapipe.training.cnn.params import TrainParams

_MOMENTUM = 0.9
#: `plateau`: after this many epochs without a better validation loss, the rate falls to this share.
PLATEAU_PATIENCE, PLATEAU_FACTOR = 2, 0.3


def make_optimizer(groups: list[dict[str, Any]], params: TrainParams) -> optim.Optimizer:
    """Return the optimiser of `layers.groups`, each with its own `lr`.

    Weight decay is decoupled in adamw and an L2 penalty in the others, as torch has them.
    """
    if params.optimizer == "sgd":
        return optim.SGD(groups, momentum=_MOMENTUM, weight_decay=params.weight_decay)
    kinds = {"adam": optim.Adam, "adamw": optim.AdamW, "adamax": optim.Adamax}
    return kinds[params.optimizer](groups, weight_decay=params.weight_decay)


def make_schedule(optimizer: optim.Optimizer, params: TrainParams, n_steps: int) -> lr_scheduler.LRScheduler | None:
    """Return the schedule to step after every batch, `n_steps` in all; None where the rate follows no plan.

    `one_cycle` is torch's: up to the peak over 30 % of the steps, then down by a cosine (Smith & Topin 2018).
    """
    if params.schedule == "one_cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        return lr_scheduler.OneCycleLR(optimizer, max_lr=peaks, total_steps=n_steps)
    if params.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=n_steps)
    return None
