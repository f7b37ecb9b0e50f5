"""The page: a form, what it answers, why a model says so, and what the page is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hemapipe.core.errors import HemapipeError
from hemapipe.serve import answers, html, occlusion, pictures, view, words
from hemapipe.serve.errors import ServeError
from hemapipe.serve.items import pick
from hemapipe.serve.samples import samples
from hemapipe.serve.seen import decoded, kind_of, unreadable
from hemapipe.serve.upload import Form
from hemapipe.serve.work import by_patient, form_of, in_time, items_of, look_at, parts

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
        about=view.about(shared.run, shared.protocol),
        samples=list(samples().values()),
        colours=words.colours(shared.run.classes),
    )


@router.post("/look")
async def look(request: Request) -> Response:
    """Return what is found: a fragment to the page's script, a page of its own to a browser without."""
    shared = parts(request)
    form = await form_of(request)
    seen, skipped = await look_at(request, form, view.picture_size)
    if shared.keeper:
        results = [(one.item, answers.image_result(shared.run, one, "").model_dump()) for one in seen if one.finding]
        await shared.engine.aside(shared.keeper.keep, results)
    values: dict[str, Any] = {
        "cards": [view.card(shared.run, one) for one in seen],
        "patients": [view.patient(shared.run, verdict, shared.protocol) for verdict in by_patient(shared, seen)],
        "skipped": skipped,
        "run": shared.run,
        "models": answers.models(shared.run).models,
        "about": view.about(shared.run, shared.protocol),
        "colours": words.colours(shared.run.classes),
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "few_images": shared.protocol.few_images,
        "low_margin": shared.protocol.low_margin,
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
    found, url = await in_time(request, _explained(request, form, model))
    return html.respond("why.html.j2", model=model, found=found, url=url)


async def _explained(request: Request, form: Form, model: str) -> tuple[occlusion.Occlusion, str]:
    """Return where `model` finds its evidence in the image asked about, and a picture of it."""
    shared = parts(request)
    item = pick((await items_of(request, form)).items, form.fields.get("entry", [""])[0])
    try:
        async with decoded(shared.engine, shared.params, item) as (image, declared):
            if image.pixels is None:
                raise ServeError(422, kind_of(declared, shared.params), unreadable(image, declared, shared.params))
            found = await occlusion.explain(shared.engine, model, image.pixels)
            return found, await shared.engine.aside(pictures.heated, image.pixels, found.drops, _WHY_SIZE)
    except HemapipeError as error:
        raise ServeError(422, "unreadable_image", f"{item.name} cannot be read: {error}.") from error


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
