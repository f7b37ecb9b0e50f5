"""Start the server: uvicorn, with a connection that does not wait for ever on either end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from hemapipe.core.errors import HemapipeError
from hemapipe.serve.app import create_app
from hemapipe.serve.params import ServeParams
from hemapipe.serve.protocol import protocol_of
from hemapipe.serve.samples import samples

#: How long requests at work are waited for when the server is told to end.
GRACE_SECONDS = 5


class PatientProtocol(H11Protocol):
    """HTTP whose patience ends: headers that drip in, and answers that nobody takes, close the connection.

    uvicorn watches idle connections only. Bodies and work have limits of their own.
    """

    seconds = 20.0
    _watch: asyncio.TimerHandle | None = None
    _unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._rearm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._watch:
            self._watch.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the answer to be taken, then for the next headers."""
        super().on_response_complete()
        self._rearm()

    def _rearm(self) -> None:
        if self._watch:
            self._watch.cancel()
        self._unsent = self.transport.get_write_buffer_size()
        self._watch = self.loop.call_later(self.seconds, self._look)

    def _look(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            return  # at work: its end looks again
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent < self._unsent:  # slowly, but it is being taken
            self._rearm()
        else:
            self.transport.abort()


def config(app: FastAPI, params: ServeParams, **more: Any) -> uvicorn.Config:
    """Return uvicorn's settings for the application."""
    protocol = type("Protocol", (PatientProtocol,), {"seconds": params.header_seconds})
    return uvicorn.Config(
        app,
        host=params.host,
        port=params.port,
        http=protocol,
        ws="none",
        limit_concurrency=params.max_connections,
        proxy_headers=False,  # behind a proxy all clients look alike: let it do the counting
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_level="warning",
        **more,
    )


def serve(root: Path, params: ServeParams) -> None:
    """Load the run of a checkout and answer until interrupted.

    Raises:
        HemapipeError: nothing is exported yet, params.yaml is not valid, or the address cannot be had.
    """
    from hemapipe.predict.patients import verdicts
    from hemapipe.predict.run import load_run

    run = load_run(root, threads=params.threads)
    run.look([np.full((64, 64, 3), 235, np.uint8)])  # loads every graph before the first person waits
    samples()
    app = create_app(run, params, verdicts, protocol_of(root))
    with contextlib.closing(listen(params)) as listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"{len(run.models)} models at http://{shown}:{port} (research use only); Ctrl-C ends it", flush=True)
        if not params.local and not params.token:
            print("Anybody who reaches this address may send images: --token asks for one.", file=sys.stderr)
        answer(app, params, listening)


def answer(app: FastAPI, params: ServeParams, listening: socket.socket) -> NoReturn:
    """Answer until interrupted, then end the process, whatever its threads are at: an image can take long to decode."""
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config(app, params)).run(sockets=[listening])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def listen(params: ServeParams) -> socket.socket:
    """Return a bound socket.

    Raises:
        HemapipeError: the address is taken, or none of this machine's.
    """
    try:
        family = socket.getaddrinfo(params.host, params.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((params.host, params.port), family=family, backlog=256)
    except OSError as error:
        told = f"cannot listen at {params.host} port {params.port} ({error.strerror}): choose another with --port"
        raise HemapipeError(told) from error
