"""The API: /v1/predict, /v1/models, /health."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from hemapipe.core.errors import did_you_mean
from hemapipe.serve import answers, measured
from hemapipe.serve.engine import Run
from hemapipe.serve.errors import ServeError
from hemapipe.serve.items import PATIENTS_FROM
from hemapipe.serve.work import by_patient, form_of, look_at, parts

router = APIRouter()

_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "images (JPEG, PNG, TIFF, BMP, WebP, GIF), or zips of images",
        },
        "patient": {
            "type": "array",
            "items": {"type": "string", "maxLength": 80},
            "description": "one for all files, or one per file in their order",
            "example": ["P07"],
        },
        "patients_from": {
            "type": "string",
            "enum": list(PATIENTS_FROM),
            "description": "where `patient` is not given: the file name up to the first _ or -, or the folder in a zip",
        },
        "model": {"type": "string", "description": "one model's verdicts instead of all", "example": ""},
    },
}
_SAID = {
    400: "The form is broken",
    401: "The token is missing or wrong",
    403: "The request comes from another site, or names another host",
    408: "The request came too slowly",
    413: "Too large, or too many files",
    415: "Not multipart/form-data",
    422: "No file, no readable image, or a field that cannot be",
    429: "Too many requests of this client: see Retry-After",
    500: "A defect of hemapipe",
    503: "The server has all the work it can queue: see Retry-After",
    504: "The answer took too long",
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": answers.Error, "description": _SAID[status]} for status in statuses}


@router.post(
    "/v1/predict",
    summary="Look at one or many images",
    responses=_errors(*_SAID),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def predict(request: Request) -> answers.Prediction:
    """Return every model's calibrated probabilities for each image, attributes, warnings, and verdicts per patient.

    A file that cannot be read has an `error` in its place; where none can, the answer is a 422.
    """
    shared = parts(request)
    form = await form_of(request)
    model = _model(shared.run, form.first("model"))
    seen, skipped = await look_at(request, form)
    results = [answers.image_result(shared.run, one, model) for one in seen]
    if shared.keeper:
        told_of = [(one.item, result.model_dump()) for one, result in zip(seen, results, strict=True) if one.finding]
        await shared.engine.aside(shared.keeper.keep, told_of)
    return answers.Prediction(
        classes=shared.run.classes,
        positive=shared.run.positive,
        images=results,
        patients=[answers.patient_result(shared.run, verdict) for verdict in by_patient(shared, seen, model)],
        skipped=skipped,
    )


@router.get("/v1/models", summary="The models and their scores", responses=_errors(401, 403))
async def models(request: Request) -> answers.Models:
    """Return the models, the recommended one first, with scores, 95 % intervals, and how they were measured."""
    shared = parts(request)
    return answers.models(shared.run, measured.told(shared.run.facts, shared.protocol.scheme))


@router.get("/health", summary="Is the server there?", responses=_errors(403))
async def health(request: Request) -> answers.Health:
    """Return that it is; needs no token."""
    return answers.Health(models=len(parts(request).run.models))


def _model(run: Run, name: str) -> str:
    if name and name not in run.models:
        raise ServeError(422, "unknown_model", f"No model {name[:80]!r}{did_you_mean(name[:80], run.models)}")
    return name
