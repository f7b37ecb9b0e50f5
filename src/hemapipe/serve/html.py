"""Render the templates. Everything a client sent is escaped by Jinja; the Guard's headers allow no script in it."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from hemapipe.report.words import breakable, score
from hemapipe.serve import words

#: Paths whose answers are JSON, whoever asks.
_MACHINES = ("/v1", "/health", "/openapi.json")


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("hemapipe.serve"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters.update(
        percent=words.percent, score=score, breakable=breakable, flag=words.flag, value=words.value, family=words.family
    )
    made.filters["abs_max"] = lambda values: float(abs(values).max())
    made.globals.update(notice=words.RESEARCH_USE)
    return made


def render(name: str, **values: Any) -> str:
    """Return a template of `templates/` as text."""
    return _templates().get_template(name).render(**values)


def respond(name: str, code: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    """Return a template as an answer."""
    return HTMLResponse(render(name, **values), code, headers)


def error(status: int, message: str, headers: dict[str, str]) -> HTMLResponse:
    """Return an error as a page."""
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return respond("error.html.j2", status, headers, status=status, title=known, message=message)


def from_script(request: Request) -> bool:
    """Say whether the page's own script asks: it wants a fragment, and errors as JSON."""
    return request.headers.get("x-requested-with") == "fetch"


def wants_page(request: Request) -> bool:
    """Say whether a browser asks for something to show as a page."""
    return (
        not request.url.path.startswith(_MACHINES)
        and not from_script(request)
        and "text/html" in request.headers.get("accept", "")
    )


@cache
def static(name: str) -> bytes:
    """Return a file of `static/`; the style sheet begins with the report's, as the pages are one family.

    Raises:
        KeyError: there is no such file.
    """
    if name not in {"style.css", "page.js"}:
        raise KeyError(name)
    own = resources.files("hemapipe.serve").joinpath("static", name).read_bytes()
    if name == "page.js":
        return own
    return resources.files("hemapipe.report").joinpath("templates", "report.css").read_bytes() + b"\n" + own
