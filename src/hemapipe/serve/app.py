"""The application: routes, guard, errors, and the life of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI

from hemapipe import __version__
from hemapipe.serve import api, errors, page, words
from hemapipe.serve.engine import Engine, Run
from hemapipe.serve.guard import Guard
from hemapipe.serve.keep import Keeper
from hemapipe.serve.params import ServeParams
from hemapipe.serve.protocol import Protocol
from hemapipe.serve.work import Parts, Verdicts


def create_app(run: Run, params: ServeParams, verdicts: Verdicts, protocol: Protocol | None = None) -> FastAPI:
    """Return the application over a run; `verdicts` is `hemapipe.predict.patients.verdicts`, `protocol` the run's.

    Raises:
        HemapipeError: the folder to keep uploads in cannot be made.
    """
    engine = Engine(run, params)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.stop()

    # FastAPI's own pages of documentation load their scripts from elsewhere: only the description itself is served.
    app = FastAPI(
        title="hemapipe",
        version=__version__,
        summary="What models say of blood-smear images.",
        description=words.RESEARCH_USE,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.state.parts = Parts(
        run, params, engine, verdicts, Keeper(params.keep) if params.keep else None, protocol or Protocol()
    )
    app.include_router(page.router)
    app.include_router(api.router)
    errors.install(app)
    app.add_middleware(Guard, params=params)
    app.openapi = partial(_described, app.openapi, run, params)  # type: ignore[method-assign]
    return app


def _described(plain: Callable[[], dict[str, Any]], run: Run, params: ServeParams) -> dict[str, Any]:
    """Return the description of the API with what only a run and its settings know: models, and whether a token."""
    schema = plain()
    form = schema["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    form["properties"]["model"]["enum"] = ["", *run.models]
    if params.token:
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in ("/v1/predict", "/v1/models"):
            for operation in schema["paths"][path].values():
                operation["security"] = [{"token": []}]
    return schema
