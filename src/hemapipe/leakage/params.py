"""The section `price_leakage` of params.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from hemapipe.core.params import Section
from hemapipe.training.cnn.params import CnnRow


def _on_its_own(row: CnnRow) -> CnnRow:
    """Refuse what needs validation images, which the comparison trains on, or several devices."""
    if row.early_stopping or row.schedule == "plateau":
        raise ValueError("early_stopping and schedule plateau need validation images, and there are none here")
    if row.devices != 1:
        raise ValueError("devices must be 1: folds are trained side by side instead")
    return row


class PriceLeakageParams(Section):
    """What the two splits are compared with: features for a logistic regression, and one network with its recipe.

    `cnn` is a whole recipe: keys it does not set are those of `TrainParams`, not of `train_cnn` in params.yaml, so that
    a change there does not make the comparison again.
    """

    n_folds: int = Field(ge=2, le=100)
    features: list[str] = Field(min_length=2, max_length=2)
    cnn: Annotated[CnnRow, AfterValidator(_on_its_own)]
