"""The section `split` of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hemapipe.core.params import Section


class SplitParams(Section):
    """Who is trained on, validated on and tested on."""

    scheme: Literal["image", "patient", "group", "contiguous", "official"]
    n_folds: Annotated[int, Field(ge=1, le=100)]
    test_frac: Annotated[float, Field(gt=0, lt=1)]
    val_frac: Annotated[float, Field(ge=0, lt=1)]
    embargo: Annotated[int, Field(ge=0)]
    drop: list[Literal["duplicate", "conflict", "truncated"]]
