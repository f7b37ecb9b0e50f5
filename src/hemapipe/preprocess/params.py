"""The section `preprocess` of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hemapipe.core.params import Section

Side = Annotated[int, Field(ge=8, le=4096)]


class PreprocessParams(Section):
    """How every image becomes one row of a packed array."""

    px: Annotated[list[Side], Field(min_length=1)]
    neutral: list[Side] = Field(default_factory=list)
    shape: Literal["stretch", "letterbox"]
    contrast: Literal["none", "clahe", "minmax"]
    stain: Literal["none", "reinhard", "macenko"]
