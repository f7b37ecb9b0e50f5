"""Parameters of `evaluate`."""

from __future__ import annotations

from pydantic import Field

from hemapipe.core.params import Section


class EvaluateParams(Section):
    """How the intervals are made, and how finely calibration is looked at."""

    n_resamples: int = Field(ge=10, le=100_000)
    ece_bins: int = Field(ge=2, le=200)
