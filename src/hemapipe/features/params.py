"""A row of the table `extract_features` in params.yaml: one feature set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from hemapipe.core.params import Section

_BACKBONE_ONLY = ("builder", "arch", "weights")


class FeatureRow(Section):
    """One feature set: what kind, on images of which size, and which network where the kind is backbone."""

    kind: Literal["backbone", "handcrafted", "pixels"]
    px: int = Field(ge=16)
    builder: str = ""
    arch: str = ""
    weights: Literal["scratch", "packaged", "hub"] = "hub"
    batch_size: int = Field(32, ge=1, le=4096)

    @model_validator(mode="after")
    def _network_goes_with_backbone(self) -> FeatureRow:
        if self.kind == "backbone" and not (self.builder and self.arch):
            raise ValueError("a backbone needs `builder` (timm or torchvision) and `arch`")
        given = [name for name in _BACKBONE_ONLY if name in self.model_fields_set]
        if self.kind != "backbone" and given:
            raise ValueError(f"{self.kind} has no network: remove {', '.join(given)}")
        return self
