"""The section `reject` of params.yaml."""

from __future__ import annotations

from pydantic import Field

from hemapipe.core.params import Section


class RejectParams(Section):
    """How pictures unlike the run's own images are recognised."""

    features: str
    px: int = Field(ge=16)
    n_components: int = Field(ge=1)
    refused: float = Field(gt=0, lt=0.5)
