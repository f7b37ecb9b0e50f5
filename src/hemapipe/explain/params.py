"""Parameters of `explain`."""

from __future__ import annotations

from pydantic import Field

from hemapipe.core.params import Section


class ExplainParams(Section):
    """How much is looked at; the comments in params.yaml say what each key means."""

    n_images: int = Field(12, ge=2)
    steps: int = Field(8, ge=2)
    grid: int = Field(8, ge=2)
    dream_steps: int = Field(16, ge=0)
    n_repeats: int = Field(3, ge=2)
    n_resamples: int = Field(2000, ge=100)
