"""What the routes share: the server's parts, a request's form, and its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request

from hemapipe.serve.engine import Engine, Run
from hemapipe.serve.errors import ServeError
from hemapipe.serve.items import Wanted, items
from hemapipe.serve.keep import Keeper
from hemapipe.serve.params import ServeParams
from hemapipe.serve.protocol import Protocol
from hemapipe.serve.seen import Seen, examine, none_readable
from hemapipe.serve.upload import Form, read_form

T = TypeVar("T")
#: Verdicts per patient from the run, a name per image, the findings (None: not read), and a model or None for the
#: recommended one; `hemapipe.predict.patients.verdicts`.
Verdicts = Callable[[Any, list[str], list[Any], str | None], list[Any]]


@dataclass(frozen=True)
class Parts:
    """What every route needs; `app.state.parts`."""

    run: Run
    params: ServeParams
    engine: Engine
    verdicts: Verdicts
    keeper: Keeper | None
    protocol: Protocol


def parts(request: Request) -> Parts:
    """Return the server's parts."""
    found: Parts = request.app.state.parts
    return found


async def form_of(request: Request) -> Form:
    """Return the form of a request; its bytes are counted against what the server may hold."""
    return await read_form(request, parts(request).params, request.state.hold)


async def items_of(request: Request, form: Form) -> Wanted:
    """Return the images of a form; what its zips unpack to is counted against what the server may hold.

    Off the loop: a zip's directory and the heads of its entries take time to read.
    """
    shared = parts(request)
    wanted = await shared.engine.aside(items, form, shared.params)
    request.state.hold(wanted.unpacked_bytes)
    return wanted


async def look_at(request: Request, form: Form, size_of: Callable[[int], int] | None = None) -> tuple[list[Seen], int]:
    """Return what became of each image of a form, and the number of entries of its zips that are none.

    `size_of` gives the side of the pictures by the number of images; None: no pictures are made.

    Raises:
        ServeError: not one image can be read, there are too many, or it takes too long.
    """
    shared = parts(request)

    async def work() -> tuple[list[Seen], int]:
        wanted = await items_of(request, form)
        size = size_of(len(wanted.items)) if size_of else 0
        return await examine(shared.engine, shared.params, wanted.items, size), wanted.skipped

    seen, skipped = await in_time(request, work())
    if nothing := none_readable(seen):
        raise nothing
    return seen, skipped


async def in_time(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, unless it takes too long or the client has gone.

    Raises:
        ServeError: 504 too long; 499 for a client that is not there to read it.
    """
    seconds = parts(request).params.work_seconds
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise ServeError(499, "client_gone", "The client has gone.")
        raise ServeError(504, "timeout", f"No answer within {seconds:g} seconds. Send fewer images at once.")
    finally:
        task.cancel()
        gone.cancel()


async def _gone(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def by_patient(shared: Parts, seen: list[Seen], model: str = "") -> list[Any]:
    """Return a verdict per patient that is named, by one model, the recommended one where it is ''."""
    named = [one for one in seen if one.item.patient]
    findings = [one.finding for one in named]
    return shared.verdicts(shared.run, [one.item.patient for one in named], findings, model or None)
