"""The typed block `download.synthetic` of params.yaml."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from hemapipe.core.params import Section
from hemapipe.smear.morphology import PROTOTYPES


class SyntheticParams(Section):
    """How many fields of whom, how hard, and which faults are planted; see docs/data/synthetic.md."""

    n_patients: int = Field(40, ge=1, le=9999)
    n_images: int = Field(800, ge=1)
    px: int = Field(128, ge=32, le=1024)
    field_um: float = Field(80.0, ge=30, le=200)
    class_shares: dict[str, float] = Field(
        default_factory=lambda: {"benign": 0.16, "early": 0.30, "pre": 0.29, "pro": 0.25}
    )
    difficulty: float = Field(0.5, ge=0, le=1)
    patient_variation: float = Field(0.5, ge=0, le=1)
    n_exact_repeats: int = Field(8, ge=0)
    n_near_repeats: int = Field(8, ge=0)
    n_conflicts: int = Field(2, ge=0)
    n_truncated: int = Field(2, ge=0)
    n_unreadable: int = Field(2, ge=0)
    background_leans: bool = False
    scale_bar_leans: bool = False

    @model_validator(mode="after")
    def _enough_of_everything(self) -> Self:
        unknown = sorted(set(self.class_shares) - set(PROTOTYPES))
        if unknown:
            raise ValueError(f"class_shares names {', '.join(unknown)}; known classes: {', '.join(PROTOTYPES)}")
        present = [label for label, share in self.class_shares.items() if share > 0]
        if not present or min(self.class_shares.values()) < 0:
            raise ValueError("class_shares needs at least one share above 0 and none below")
        if not len(present) <= self.n_patients <= self.n_images:
            raise ValueError(f"needs {len(present)} (classes) <= n_patients <= n_images")
        if self.n_conflicts and len(present) < 2:
            raise ValueError("n_conflicts needs two classes")
        faults = self.n_exact_repeats + self.n_near_repeats + self.n_conflicts + self.n_truncated + self.n_unreadable
        if faults > self.n_images:
            raise ValueError(f"{faults} faults planned for {self.n_images} images: one image bears one fault")
        return self
