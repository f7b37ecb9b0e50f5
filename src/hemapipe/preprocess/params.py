"""The section `preprocess` of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hemapipe.core.params import Section

Side = Annotated[int, Field(ge=8, le=4096)]


class PreprocessParams(Section):
    """How every image becomes one row of a packed array."""

    px: Annotated[list[Side], Field(min_length=1)]
    neutral: list[Side]
    shape: Literal["stretch", "letterbox"]
    contrast: Literal["none", "clahe", "minmax"]
    stain: Literal["none", "reinhard", "macenko"]

    @model_validator(mode="after")
    def _one_grey(self) -> PreprocessParams:
        if self.neutral and (self.stain == "reinhard" or self.contrast == "clahe"):
            raise ValueError(
                "stain reinhard and contrast clahe colour the slide by what lies on it: not with `neutral`, "
                "whose slide is one grey"
            )
        return self
