"""A row of the table `ensemble` in params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from hemapipe.core.params import Section


class EnsembleRow(Section):
    """How members are combined, and which: three, so that the stage depends on their files and no others."""

    kind: Literal["vote", "stack"]
    of: list[str] = Field(min_length=3, max_length=3)

    @field_validator("of")
    @classmethod
    def _differ(cls, of: list[str]) -> list[str]:
        """Refuse a member named twice: it would weigh double in silence."""
        if len(set(of)) < len(of):
            raise ValueError("a member is named twice")
        return of
