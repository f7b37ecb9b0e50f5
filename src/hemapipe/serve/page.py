"""The page: a form, what it answers, why a model says so, and what the page is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hemapipe.serve import answers, html, occlusion, pictures, view, words
from hemapipe.serve.errors import ServeError
from hemapipe.serve.items import items, pick
from hemapipe.serve.samples import samples
from hemapipe.serve.seen import examine, none_readable, pixels_of, unreadable
from hemapipe.serve.work import by_patient, form_of, in_time, parts

router = APIRouter(include_in_schema=False)

_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_WHY_SIZE = 420


@router.get("/")
async def home(request: Request) -> Response:
    """Return the page."""
    shared = parts(request)
    return html.respond(
        "page.html.j2",
        params=shared.params,
        models=answers.models(shared.run),
        about=view.about(shared.run),
        samples=list(samples().values()),
        colours=words.colours(shared.run.classes),
    )


@router.post("/look")
async def look(request: Request) -> Response:
    """Return what is found: a fragment to the page's script, a page of its own to a browser without."""
    shared = parts(request)
    form = await form_of(request)
    wanted, skipped = items(form, shared.params)
    size = view.picture_size(len(wanted))
    seen = await in_time(request, examine(shared.engine, shared.params, wanted, size))
    if nothing := none_readable(seen):
        raise nothing
    if shared.keeper:
        results = [(one.item, answers.image_result(shared.run, one, "").model_dump()) for one in seen if one.finding]
        await shared.engine.aside(shared.keeper.keep, results)
    values: dict[str, Any] = {
        "cards": [view.card(shared.run, one) for one in seen],
        "patients": [view.patient(shared.run, verdict) for verdict in by_patient(shared, seen)],
        "skipped": skipped,
        "run": shared.run,
        "models": answers.models(shared.run).models,
        "about": view.about(shared.run),
        "colours": words.colours(shared.run.classes),
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "few_images": view.FEW_IMAGES,
        "low_margin": view.LOW_MARGIN,
    }
    return html.respond("result.html.j2" if html.from_script(request) else "report.html.j2", **values)


@router.post("/why")
async def why(request: Request) -> Response:
    """Return where one model finds its evidence in one image, as a fragment."""
    shared = parts(request)
    form = await form_of(request)
    model = form.first("model") or shared.run.recommended
    if model not in shared.run.models:
        raise ServeError(422, "unknown_model", "There is no model of that name.")
    item = pick(form, shared.params, form.fields.get("entry", [""])[0])
    decoded = await pixels_of(shared.engine, shared.params, item)
    if decoded.pixels is None:
        raise ServeError(422, "unreadable_image", unreadable(decoded, 0, shared.params))
    found = await in_time(request, occlusion.explain(shared.engine, model, decoded.pixels))
    url = await shared.engine.aside(pictures.heated, decoded.pixels, found.drops, _WHY_SIZE)
    return html.respond("why.html.j2", model=model, found=found, url=url)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Return the style sheet or the script."""
    try:
        return Response(html.static(name), media_type=_KINDS[name[name.rindex(".") :]])
    except (KeyError, ValueError) as error:
        raise HTTPException(404, "Not Found") from error


@router.get("/samples/{name}")
async def sample(name: str) -> Response:
    """Return an image to try."""
    if name not in samples():
        raise HTTPException(404, "Not Found")
    return Response(samples()[name].data, media_type="image/jpeg")
