"""What params.yaml says of how the run was split and which of its patients counted as uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hemapipe.core.params import load
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.split.params import SplitParams


@dataclass(frozen=True)
class Protocol:
    """The scheme of the split, '' where it is not known; below the others a patient's verdict is uncertain."""

    scheme: str = ""
    few_images: int = EvaluateParams.model_fields["few_images"].default
    low_margin: float = EvaluateParams.model_fields["low_margin"].default


def protocol_of(root: Path) -> Protocol:
    """Return the protocol of a checkout, the defaults where it has no params.yaml.

    Raises:
        HemapipeError: params.yaml cannot be read, or its sections `split` and `evaluate` are not valid.
    """
    path = root / "params.yaml"
    if not path.exists():
        return Protocol()
    evaluate = load(EvaluateParams, "evaluate", path)
    return Protocol(load(SplitParams, "split", path).scheme, evaluate.few_images, evaluate.low_margin)
