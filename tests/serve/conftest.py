"""A client of the application over the fake run, and a real server of it."""

import contextlib
import threading
import time

import pytest
import uvicorn
from fake_run import FakeRun, fake_verdicts
from fastapi.testclient import TestClient

from hemapipe.serve.app import create_app
from hemapipe.serve.params import ServeParams
from hemapipe.serve.server import config, listen


@pytest.fixture(scope="session")
def client():
    """With the default settings."""
    with TestClient(create_app(FakeRun(), ServeParams(), fake_verdicts), base_url="http://localhost") as made:
        yield made


@pytest.fixture
def client_with():
    """Make clients with settings and a run of one's own."""
    with contextlib.ExitStack() as stack:

        def make(run=None, **settings):
            app = create_app(run or FakeRun(), ServeParams(**settings), fake_verdicts)
            return stack.enter_context(TestClient(app, base_url="http://localhost"))

        yield make


@pytest.fixture
def live():
    """Start real servers on free ports; each call returns its port."""
    with contextlib.ExitStack() as stack:
        yield lambda run=None, verdicts=fake_verdicts, **settings: stack.enter_context(
            _live(run or FakeRun(), verdicts, ServeParams(port=0, **settings))
        )


@contextlib.contextmanager
def _live(run, verdicts, params):
    listening = listen(params)
    server = uvicorn.Server(config(create_app(run, params, verdicts), params))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
