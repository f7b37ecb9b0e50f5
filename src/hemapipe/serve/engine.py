"""One thread owns the models; images that arrive together, of whomever, are looked at together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from hemapipe.serve.limits import Budget
from hemapipe.serve.params import ServeParams

log = logging.getLogger("hemapipe.serve")
T = TypeVar("T")


class Finding(Protocol):
    """What is found in one image; `hemapipe.predict.run.Finding`."""

    probabilities: dict[str, np.ndarray]
    labels: dict[str, str]
    decisions: dict[str, str]
    attributes: dict[str, float]
    flags: list[str]


class Run(Protocol):
    """What the server needs of `hemapipe.predict.run.Run`; any thread may read it, one at a time may ask it."""

    classes: list[str]
    positive: list[str]
    recommended: str
    scores: dict[str, dict[str, float]]
    facts: dict[str, Any]

    @property
    def models(self) -> Mapping[str, Any]:
        """The models by name, each with its `family`, the recommended one first."""

    def look(self, images: list[np.ndarray]) -> Sequence[Any]:
        """Return a Finding per image."""

    def probabilities(self, name: str, images: list[np.ndarray]) -> np.ndarray:
        """Return (n, k) calibrated probabilities of one model."""


class LookFailed(Exception):
    """The models fail on this one image."""


class Engine:
    """The run behind a queue. `start` and `stop` belong to the loop whose tasks ask."""

    def __init__(self, run: Run, params: ServeParams) -> None:
        """Make the threads; they wait for `start`."""
        self.run, self._params = run, params
        self.budget = Budget(params.decoded_bytes)
        self._waiting: asyncio.Queue[tuple[np.ndarray, asyncio.Future[Any]]] = asyncio.Queue()
        self._models = ThreadPoolExecutor(1, "models")
        self._pool = ThreadPoolExecutor(params.decoders, "decode", initializer=cv2.setNumThreads, initargs=(1,))

    def start(self) -> None:
        """Begin to answer."""
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop; who still waits is told."""
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].cancel()
        # Without waiting: what a thread is at, a large image say, may take longer than anybody is ready to wait.
        self._models.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def look(self, image: np.ndarray) -> Any:
        """Return the finding of an RGB uint8 h × w × 3 image.

        Raises:
            LookFailed: the models fail on it.
        """
        asked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((image, asked))
        return await asked

    async def ask(self, question: Callable[[Run], T]) -> T:
        """Ask the run something else, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._models, question, self.run)

    async def aside(self, work: Callable[..., T], *given: Any) -> T:
        """Do something that needs no model: decoding, drawing."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)

    async def _work(self) -> None:
        while True:
            batch = [item for item in await self._gather() if not item[1].cancelled()]
            images = [image for image, _ in batch]
            if not batch:
                continue
            found = await self.ask(lambda run, images=images: _look(run, images))  # type: ignore[misc]
            for (_, asked), answer in zip(batch, found, strict=True):
                if asked.cancelled():  # the request's time is over, or its client gone
                    continue
                if isinstance(answer, LookFailed):
                    asked.set_exception(answer)
                else:
                    asked.set_result(answer)

    async def _gather(self) -> list[tuple[np.ndarray, asyncio.Future[Any]]]:
        batch = [await self._waiting.get()]
        ends = asyncio.get_running_loop().time() + self._params.gather_ms / 1000
        while len(batch) < self._params.batch_images:
            try:
                async with asyncio.timeout_at(ends):
                    batch.append(await self._waiting.get())
            except TimeoutError:
                break
        return batch


def _look(run: Run, images: list[np.ndarray]) -> Sequence[Any]:
    """Return a finding or a LookFailed per image: one that no model can take must not spoil the others' batch."""
    try:
        found = run.look(images)
        if len(found) != len(images):
            raise RuntimeError(f"{len(found)} findings for {len(images)} images")
        return found
    except Exception as error:  # whatever the models raise on an odd image; it is logged, and answered as such
        if len(images) > 1:
            return [found for image in images for found in _look(run, [image])]
        log.error("the models fail on an image of %s", images[0].shape, exc_info=error)
        return [LookFailed(str(error))]
