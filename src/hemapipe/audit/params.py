"""The section `audit` of params.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hemapipe.core.params import Section


class AuditParams(Section):
    """Which features stand for the full image, and how the shortcut probes are cross-validated."""

    features: Annotated[str, Field(min_length=1)] = "lite0"
    px: Annotated[int, Field(ge=32)] = 128
    n_folds: Annotated[int, Field(ge=2, le=20)] = 5
    n_resamples: Annotated[int, Field(ge=100)] = 2000
