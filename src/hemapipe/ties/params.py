"""The section `find_ties` of params.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hemapipe.core.params import Section


class TiesParams(Section):
    """How near repeats and sessions are looked for; defaults are those of params.yaml."""

    px: Annotated[int, Field(ge=32)] = 128
    features: str = "lite0"
    n_candidates: Annotated[int, Field(ge=1, le=100)] = 3
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.8
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.3
    sessions: bool = True
    session_min: Annotated[int, Field(ge=1)] = 8
    session_penalty: Annotated[float, Field(gt=0)] = 1.0
