"""The recipe (`train_cnn` in params.yaml) and a row of the table of networks (`cnn`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hemapipe.core.params import Section

Augmentation = Literal["flips", "transpose", "rotation", "zoom", "colour"]


class TrainParams(Section):
    """How a network is trained; the comments in params.yaml say what each key means."""

    epochs: int = Field(4, ge=1)
    batch_size: int = Field(32, ge=1)
    optimizer: Literal["adam", "adamw", "adamax", "sgd"] = "adamw"
    lr: float = Field(0.001, gt=0)
    schedule: Literal["constant", "one_cycle", "cosine", "plateau"] = "one_cycle"
    weight_decay: float = Field(0.01, ge=0)
    early_stopping: int = Field(0, ge=0)
    class_weights: bool = False
    freeze: Literal["none", "body"] = "none"
    lr_body: float | None = Field(None, gt=0)
    dropout: float | None = Field(None, ge=0, lt=1)
    online_augment: list[Augmentation] = Field(default_factory=list)
    precision: Literal["32", "bf16", "16"] = "32"
    channels_last: bool = True
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = Field(1, ge=1)
    keep_weights: Literal["none", "fold0", "all"] = "fold0"


class CnnRow(TrainParams):
    """One network: who builds it, at what size, from which weights; any key of the recipe may be set as well."""

    builder: str
    arch: str = ""
    px: int = Field(ge=16)
    weights: Literal["scratch", "packaged", "hub"] = "scratch"
