"""What an exported model is: written beside its graph by the exporting stages, read by prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json

#: The keys of the section `preprocess` that say how an image becomes a square; a card has them all.
RECIPE = ("neutral", "shape", "contrast", "stain")
CARD, GRAPH, GRAPH_8_BIT = "model.json", "model.onnx", "int8.onnx"
#: Temperature and thresholds of the 8-bit graph, which are not those of the full one; as `data/calibration`.
CALIBRATION_8_BIT = "int8_calibration.json"

Family = Literal["cnn", "classical", "ensemble", "features"]


class ModelCard(BaseModel):
    """An exported model.

    A network has the side `px` of its images. A classical model has feature sets `features`, in the order in which they
    are put side by side. An ensemble has members `of` and, for a stack, their `weights`. A feature set has its `kind`
    and `px`. The keys of `RECIPE` are the recipe of `preprocess.image.square`. `missing` says why there is
    no graph, '' where there is one or none is needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    family: Family
    kind: str = ""
    classes: list[str] = []
    px: int = 0
    features: list[str] = []
    of: list[str] = []
    weights: list[float] = []
    neutral: list[int] = []
    shape: Literal["stretch", "letterbox"] = "stretch"
    contrast: Literal["none", "clahe", "minmax"] = "none"
    stain: Literal["none", "reinhard", "macenko"] = "none"
    missing: str = ""

    def save(self, folder: Path) -> None:
        """Write model.json."""
        write_json(self.model_dump(), folder / CARD)


def load_card(folder: Path) -> ModelCard:
    """Return the card of an exported model.

    Raises:
        HemapipeError: there is none, or it was written by another version.
    """
    path = folder / CARD
    if not path.exists():
        raise HemapipeError(f"{path} not found: `make repro` exports the models")
    try:
        return ModelCard.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise HemapipeError(f"{path} is not a card of this version: `make repro` exports again ({error})") from error
