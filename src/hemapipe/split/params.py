"""The section `split` of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hemapipe.core.params import Section


def _none_or_several(n_inner: int) -> int:
    if n_inner == 1:
        raise ValueError("inner folds are none (0) or at least two")
    return n_inner


class SplitParams(Section):
    """Who is trained on, validated on and tested on."""

    scheme: Literal["image", "patient", "group", "contiguous", "cohort", "official"]
    n_folds: Annotated[int, Field(ge=1, le=100)]
    test_frac: Annotated[float, Field(gt=0, lt=1)]
    val_frac: Annotated[float, Field(ge=0, lt=1)]
    embargo: Annotated[int, Field(ge=0)]
    n_inner: Annotated[int, Field(ge=0, le=20), AfterValidator(_none_or_several)] = 0
    drop: list[Literal["duplicate", "conflict", "truncated", "preliminary"]]
