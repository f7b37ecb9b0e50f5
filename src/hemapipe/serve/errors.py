"""What a client is told when something is wrong: a status, a type to program against, a sentence to read."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from hemapipe.serve import html


class ServeError(Exception):
    """An answer other than the wanted one.

    Attributes:
        status: HTTP's.
        kind: the `type` of the error, one of `KINDS`.
        message: what is wrong and what to do.
        retry_after: seconds, for what passes by waiting.
    """

    def __init__(self, status: int, kind: str, message: str, retry_after: int = 0) -> None:
        """Take the parts of the answer."""
        super().__init__(message)
        self.status, self.kind, self.message, self.retry_after = status, kind, message, retry_after

    def body(self) -> dict[str, dict[str, str]]:
        """Return what is sent."""
        return {"error": {"type": self.kind, "message": self.message}}

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to it."""
        found = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        return found | ({"WWW-Authenticate": "Bearer"} if self.status == HTTPStatus.UNAUTHORIZED else {})


def respond(error: ServeError, request: Request) -> Response:
    """Return the error as JSON, or as a page to a browser that asked for one."""
    if html.wants_page(request):
        return html.error(error.status, error.message, error.headers())
    return JSONResponse(error.body(), error.status, error.headers())


def defect() -> ServeError:
    """Return what a client is told of a defect: nothing that helps an attacker."""
    return ServeError(500, "internal", "The server failed on this request. It is a defect; its log says more.")


def install(app: FastAPI) -> None:
    """Make every error of the application one of these."""

    @app.exception_handler(ServeError)
    async def _known(request: Request, error: ServeError) -> Response:
        return respond(error, request)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        kinds = {404: "not_found", 405: "method_not_allowed"}
        told = ServeError(error.status_code, kinds.get(error.status_code, "bad_request"), str(error.detail) + ".")
        answer = respond(told, request)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return respond(ServeError(422, "invalid_request", told), request)
