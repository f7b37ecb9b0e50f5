"""Parameters of `evaluate`."""

from __future__ import annotations

from pydantic import Field

from hemapipe.core.params import Section


class EvaluateParams(Section):
    """How the intervals are made, how finely calibration is looked at, and which patients count as uncertain."""

    n_resamples: int = Field(ge=10, le=100_000)
    ece_bins: int = Field(ge=2, le=200)
    few_images: int = Field(5, ge=1)
    low_margin: float = Field(0.2, ge=0, le=1)
