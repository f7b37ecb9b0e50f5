"""Look at the images of a request: read, decode, ask the models, draw. Nothing of it touches a disk."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from hemapipe.core.errors import HemapipeError
from hemapipe.images import FORMATS, PEAK_BYTES, PEAK_BYTES_WEBP, Decoded, decode
from hemapipe.serve import pictures
from hemapipe.serve.engine import Engine, LookFailed, Run
from hemapipe.serve.errors import ServeError
from hemapipe.serve.items import Item
from hemapipe.serve.params import ServeParams

#: Tasks that may hold bytes of an entry or pixels at a time; more would only wait for the models.
_AT_ONCE = 64


@dataclass(frozen=True)
class Seen:
    """What became of one image.

    Attributes:
        item: what was asked.
        size: width and height in pixels; (0, 0) if it could not be read.
        finding: what the models say; None where there is a `problem`.
        note: what decoding had to mend, '' if nothing.
        problem: why there is no finding, in a sentence.
        kind: the type of that problem.
        picture: for the eye, if wanted.
    """

    item: Item
    size: tuple[int, int] = (0, 0)
    finding: Any = None
    note: str = ""
    problem: str = ""
    kind: str = ""
    truncated: bool = False
    picture: pictures.Picture | None = None


@dataclass(frozen=True)
class Agreement:
    """What most models say, how many of them, of how many, and who says something else."""

    label: str
    agree: int
    of: int
    others: dict[str, str]


def agreement(labels: dict[str, str], first: str) -> Agreement:
    """Return how far the models agree; a tie goes to what the model `first` says, if it is among the tied."""
    counts = Counter(labels.values())
    most = max(counts.values())
    tied = sorted(label for label, count in counts.items() if count == most)
    label = labels[first] if labels.get(first) in tied else tied[0]
    return Agreement(label, most, len(labels), {name: said for name, said in labels.items() if said != label})


async def examine(engine: Engine, params: ServeParams, wanted: Sequence[Item], size: int = 0) -> list[Seen]:
    """Return what became of each item, in their order; `size` is the side of the pictures, 0 for none."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Seen:
        async with places:
            return await _examine(engine, params, item, size)

    async with asyncio.TaskGroup() as tasks:  # cancelled together when the request's time is over
        working = [tasks.create_task(one(item)) for item in wanted]
    return [task.result() for task in working]


@asynccontextmanager
async def decoded(engine: Engine, params: ServeParams, item: Item) -> AsyncIterator[tuple[Decoded, int]]:
    """Decode an item; its pixels have their place in the budget until the block ends.

    Comes with the number of pixels that the file declares, 0 where it has no header.

    Raises:
        HemapipeError: its bytes cannot be had.
    """
    data, declared, peak_bytes = await engine.aside(_read, item)
    async with engine.budget.take(peak_bytes if declared <= params.max_pixels else 0) as keep:
        found = await engine.aside(decode, data, params.max_pixels)
        del data
        await keep(0 if found.pixels is None else found.pixels.nbytes)
        yield found, declared


async def _examine(engine: Engine, params: ServeParams, item: Item, size: int) -> Seen:
    try:
        async with decoded(engine, params, item) as (image, declared):
            if image.pixels is None:
                return Seen(item, problem=unreadable(image, declared, params), kind=kind_of(declared, params))
            return await _judged(engine, item, image, image.pixels, size)
    except HemapipeError as error:
        return Seen(item, problem=f"It cannot be read: {error}.", kind="unreadable_image")


async def _judged(engine: Engine, item: Item, image: Decoded, pixels: np.ndarray, size: int) -> Seen:
    shape = (pixels.shape[1], pixels.shape[0])
    try:
        finding = await engine.look(pixels)
    except LookFailed:
        return Seen(item, shape, problem="The models fail on this image.", kind="look_failed")
    picture = await engine.aside(pictures.picture, pixels, size) if size else None
    return Seen(item, shape, finding, image.note, truncated=image.status == "truncated", picture=picture)


def unreadable(image: Decoded, declared: int, params: ServeParams) -> str:
    """Return why an image has no pixels, for a person."""
    if declared > params.max_pixels:
        return f"It has more than the {params.max_mpx:g} megapixels that are taken here: make it smaller."
    return f"It cannot be read as an image ({image.note}). Send a JPEG, PNG, TIFF, BMP, WebP or GIF."


def kind_of(declared: int, params: ServeParams) -> str:
    """Return the type of the problem of an image without pixels."""
    return "too_many_pixels" if declared > params.max_pixels else "unreadable_image"


def _read(item: Item) -> tuple[bytes, int, int]:
    """Return the bytes of an item, the pixels that its header declares, and the bytes that decoding them takes at most.

    Both are 0 if there is no such header.
    """
    data = item.read()
    try:
        header = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        return data, 1 << 40, 0  # more than anybody takes; Pillow does not say how many
    except Exception:  # `decode` meets the same and says why
        return data, 0, 0
    declared = header.width * header.height
    return data, declared, declared * (PEAK_BYTES_WEBP if header.format == "WEBP" else PEAK_BYTES)


def none_readable(seen: Sequence[Seen]) -> ServeError | None:
    """Return the error of a request without a single image that could be looked at, None if there is one."""
    if any(one.finding is not None for one in seen):
        return None
    if not seen:
        return ServeError(422, "no_file", "The zip holds no images.")
    more = f" None of the {len(seen) - 1} others could be read either." if len(seen) > 1 else ""
    return ServeError(422, seen[0].kind, f"{seen[0].item.name}: {seen[0].problem}{more}")


def best(run: Run, finding: Any) -> tuple[str, float]:
    """Return what the recommended model says, and its probability."""
    label = finding.labels[run.recommended]
    return label, float(finding.probabilities[run.recommended][run.classes.index(label)])


def of_positive(run: Run, p: np.ndarray) -> float:
    """Return the probability of all positive classes together."""
    return float(sum(p[run.classes.index(name)] for name in run.positive))
