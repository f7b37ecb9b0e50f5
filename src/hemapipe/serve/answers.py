"""The shapes of what the API sends; its OpenAPI is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hemapipe.serve import words
from hemapipe.serve.engine import Run
from hemapipe.serve.seen import Seen, agreement


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid")


class ErrorText(Answer):
    """`type` is to be programmed against, `message` to be read."""

    type: str = Field(examples=["file_too_large"])
    message: str = Field(examples=["smear.tif is larger than 25 MB."])


class Error(Answer):
    """What every answer but a 200 looks like."""

    error: ErrorText


class ModelVerdict(Answer):
    """What one model says: its class, calibrated probabilities, and `positive` or `negative` where it screens."""

    label: str = Field(examples=["early"])
    decision: str = Field(examples=["positive"], description="positive, negative, refused, or ''")
    probabilities: dict[str, float] = Field(examples=[{"benign": 0.02, "early": 0.91, "pre": 0.05, "pro": 0.02}])


class Agreed(Answer):
    """How many of the models say the same."""

    label: str = Field(examples=["early"])
    agree: int = Field(examples=[9])
    of: int = Field(examples=[12])


class ImageResult(Answer):
    """One image: verdicts of the models, or an `error`."""

    file: str = Field(examples=["P07_001.jpg"])
    patient: str = Field(examples=["P07"])
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    model: str = Field(default="", examples=["vote"], description="the model that `verdict` is of")
    verdict: ModelVerdict | None = None
    agreement: Agreed | None = None
    models: dict[str, ModelVerdict] = Field(default_factory=dict)
    attributes: dict[str, float] = Field(default_factory=dict, examples=[{"n_white": 3, "nc_ratio_mean": 0.71}])
    flags: list[str] = Field(default_factory=list, examples=[["blurred"]])
    warnings: list[str] = Field(default_factory=list, examples=[["The image is blurred."]])
    error: ErrorText | None = None


class PatientResult(Answer):
    """One patient, by the mean of the calibrated probabilities over the images that can be judged."""

    patient: str = Field(examples=["P07"])
    n_images: int = Field(examples=[6])
    n_used: int = Field(examples=[5], description="those that could be read and look like a smear")
    label: str = Field(examples=["early"], description="'' where none can be judged")
    decision: str = Field(examples=["positive"])
    probabilities: dict[str, float]
    share: float = Field(examples=[0.8], description="of the images used, those whose own class is `label`")


class Prediction(Answer):
    """All images of a request, in its order, and the verdict of each patient named."""

    notice: str = words.RESEARCH_USE
    classes: list[str] = Field(examples=[["benign", "early", "pre", "pro"]])
    positive: list[str] = Field(examples=[["early", "pre", "pro"]])
    images: list[ImageResult]
    patients: list[PatientResult]
    skipped: int = Field(default=0, description="entries of zips that are no images")


class ModelFacts(Answer):
    """A model and its scores on test images; `how` of the answer says what they were."""

    name: str = Field(examples=["vote"])
    family: str = Field(examples=["ensemble"], description="cnn, classical or ensemble")
    recommended: bool = Field(examples=[True])
    scores: dict[str, float] = Field(
        examples=[{"balanced_accuracy": 0.88, "balanced_accuracy_low": 0.84, "balanced_accuracy_high": 0.91}]
    )


class Models(Answer):
    """The models at work, the recommended one first, and what their scores were measured on."""

    notice: str = words.RESEARCH_USE
    classes: list[str]
    positive: list[str]
    how: str = Field(description="how the scores were measured, in sentences; '' where that is not known")
    measured_on: dict[str, Any] = Field(examples=[{"split": {"n_folds": 5}, "catalog": {"n_patients": 40}}])
    models: list[ModelFacts]


class Health(Answer):
    """The server answers, with so many models."""

    status: str = "ok"
    models: int = Field(examples=[12])


def image_result(run: Run, seen: Seen, model: str) -> ImageResult:
    """Return the answer about one image; `model` restricts it to one model, '' to none."""
    width, height = seen.size
    name = seen.item.entry or seen.item.name
    told = ImageResult(file=name, patient=seen.item.patient, width=width, height=height)
    if seen.finding is None:
        return told.model_copy(update={"error": ErrorText(type=seen.kind, message=seen.problem)})
    finding, chosen = seen.finding, model or run.recommended
    names = [model] if model else list(run.models)
    found = {name: _verdict(run, finding, name) for name in names}
    agreed = agreement({name: finding.labels[name] for name in names}, chosen)
    return told.model_copy(
        update={
            "model": chosen,
            "verdict": found[chosen],
            "agreement": Agreed(label=agreed.label, agree=agreed.agree, of=agreed.of),
            "models": found,
            "attributes": {name: float(value) for name, value in finding.attributes.items()},
            "flags": flags(seen),
            "warnings": [words.flag(name)[0] for name in flags(seen)],
        }
    )


def patient_result(run: Run, verdict: Any) -> PatientResult:
    """Return the answer about one patient."""
    told = {name: value for name, value in verdict._asdict().items() if name != "p"}
    return PatientResult(probabilities=dict(zip(run.classes, verdict.p.tolist(), strict=True)), **told)


def flags(seen: Seen) -> list[str]:
    """Return the warnings of an image, that of a file cut off among them."""
    return [*seen.finding.flags, *(["truncated"] if seen.truncated else [])]


def models(run: Run, how: str = "") -> Models:
    """Return the answer about the models, whose scores were measured as `how` says."""
    facts = [
        ModelFacts(name=name, family=model.family, recommended=name == run.recommended, scores=_numbers(run, name))
        for name, model in run.models.items()
    ]
    return Models(classes=run.classes, positive=run.positive, how=how, measured_on=run.facts, models=facts)


def _numbers(run: Run, name: str) -> dict[str, float]:
    scores: dict[str, Any] = run.scores.get(name, {})
    return {key: float(value) for key, value in scores.items() if isinstance(value, int | float)}


def _verdict(run: Run, finding: Any, name: str) -> ModelVerdict:
    p = np.asarray(finding.probabilities[name], float)
    return ModelVerdict(
        label=finding.labels[name],
        decision=finding.decisions.get(name, ""),
        probabilities=dict(zip(run.classes, p.tolist(), strict=True)),
    )
