"""The section `audit` of params.yaml."""

from __future__ import annotations

from pydantic import Field

from hemapipe.core.params import Section


class AuditParams(Section):
    """Which features stand for the full image, and how the shortcut probes are cross-validated."""

    features: str = Field("lite0", min_length=1)
    px: int = Field(128, ge=32)
    n_folds: int = Field(5, ge=2, le=20)
    n_resamples: int = Field(2000, ge=100)
