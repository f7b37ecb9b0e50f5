"""The section `augment` of params.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hemapipe.core.params import Section


def _off(value: Any) -> Any:
    """Read YAML 1.1's `off`, which arrives as False, as the word that was written."""
    return "off" if value is False else value


def _ascending(zoom: tuple[float, float]) -> tuple[float, float]:
    if zoom[0] > zoom[1]:
        raise ValueError("the smaller magnification comes first")
    return zoom


Magnification = Annotated[float, Field(ge=0.1, le=10)]


class AugmentParams(Section):
    """How many variants are planned, and of which kinds."""

    to: Annotated[Literal["off", "largest"] | Annotated[int, Field(gt=0, strict=True)], BeforeValidator(_off)]
    flip: bool
    turns: bool
    angle_deg: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[tuple[Magnification, Magnification], AfterValidator(_ascending)]
    crop: Annotated[float, Field(gt=0, le=1)]
    before_split: bool
    features: bool

    @model_validator(mode="after")
    def _same_samples_for_all(self) -> Self:
        if self.before_split and self.to != "off" and not self.features:
            raise ValueError("before_split needs features: true, else classical models see other samples than networks")
        return self
