"""What every request passes before the application sees it: host, origin, token, allowance; and headers on the way out.

Pure ASGI, so that a refused upload is refused before its body is read.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hemapipe.serve.errors import ServeError, defect, respond
from hemapipe.serve.limits import Admission, Rate, client_name
from hemapipe.serve.params import ServeParams

log = logging.getLogger("hemapipe.serve")

#: No script, style or picture but the server's own; pictures also from data URLs, as uploads come back in the page.
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none, a form without script would send the origin `null`
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
#: Needs no token: there is nothing of anybody's in it, and the page must come before its reader can type the token.
_OPEN = ("/health", "/openapi.json", "/static/", "/samples/")


class _Held:
    """The bytes of one request, given back at its end."""

    def __init__(self, admission: Admission) -> None:
        self._admission, self._total = admission, 0

    def add(self, n_bytes: int) -> None:
        self._admission.hold(n_bytes)
        self._total += n_bytes

    def release(self) -> None:
        self._admission.hold(-self._total)


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, params: ServeParams) -> None:
        """Stand before `app`."""
        self._app, self._params = app, params
        self._rate = Rate(params.rate)
        self._admission = Admission(params.max_requests, params.max_requests_per_client, params.held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def sealed(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                _seal(message, scope["path"])
            await send(message)

        request = Request(scope)
        try:
            self._check(request)
            await self._admitted(request, receive, sealed)
        except ServeError as error:
            await respond(error, request)(scope, receive, sealed)
        except asyncio.CancelledError:  # by the web server alone: it ends, and has waited for this request long enough
            if not started:
                ending = ServeError(503, "busy", "The server ends. Try again later.", 30)
                await respond(ending, request)(scope, receive, sealed)
        except Exception as error:  # a defect: logged, and answered without its details
            log.error("%s %s failed", request.method, request.url.path, exc_info=error)
            if started:
                raise
            await respond(defect(), request)(scope, receive, sealed)

    def _check(self, request: Request) -> None:
        """Raise the ServeError of a request that must not go on."""
        host = _host(request)
        if self._params.hosts and host not in self._params.hosts:
            raise ServeError(403, "forbidden_host", "This server does not go by that name: see --allowed-host.")
        if request.method not in {"GET", "HEAD"} and not _same_site(request):
            raise ServeError(403, "forbidden_origin", "Requests from pages of other sites are not answered.")
        token, path = self._params.token, request.url.path
        if token and path != "/" and not path.startswith(_OPEN):
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
                self._rate.spend(_client(request))
                raise ServeError(401, "unauthorized", "The access token is missing or wrong.")

    async def _admitted(self, request: Request, receive: Receive, send: Send) -> None:
        if request.method != "POST":
            await self._app(request.scope, receive, send)
            return
        client = _client(request)
        self._rate.spend(client)
        held = _Held(self._admission)
        request.scope.setdefault("state", {})["hold"] = held.add
        with self._admission.enter(client):
            try:
                await self._app(request.scope, receive, send)
            finally:
                held.release()


def _client(request: Request) -> str:
    return client_name(request.client.host if request.client else "")


def _host(request: Request) -> str:
    """Return the name in the Host header without its port, lower case, '' if there is none that can be read."""
    try:
        return (urlsplit("//" + request.headers.get("host", "")).hostname or "").lower()
    except ValueError:
        return ""


def _same_site(request: Request) -> bool:
    """Say whether a request comes from this server's own page, or from no page at all."""
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _seal(message: MutableMapping[str, Any], path: str) -> None:
    cache = "public, max-age=3600" if path.startswith(("/static/", "/samples/")) else "no-store"
    sealing = _HEADERS | {"cache-control": cache}
    kept = [(name, value) for name, value in message.get("headers", []) if name.decode().lower() not in sealing]
    message["headers"] = kept + [(name.encode(), value.encode()) for name, value in sealing.items()]
