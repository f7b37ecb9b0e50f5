"""The kinds of features, and the one loop that writes any of them to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from hemapipe.features.params import FeatureRow


class Images(Protocol):
    """A packed array or anything that gives slices like one: (n, px, px, 3), uint8 RGB."""

    def __len__(self) -> int:
        """Return the number of images."""

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Return the images of a slice."""


class Extractor(NamedTuple):
    """`extract` turns images (n, px, px, 3) into features (n, d), float32; `chunk` images are given to it at once."""

    extract: Callable[[np.ndarray], np.ndarray]
    chunk: int


def write_features(images: Images, row: FeatureRow, threads: int, path: Path) -> tuple[int, int]:
    """Write the feature set `row` of all `images` as float32 (n, d) to `path` and return (n, d); (0, 0) without images.

    Raises:
        HemapipeError: a backbone that is unknown or whose weights cannot be had.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(images):
        return fill(images, extractor(row, threads), path)
    np.save(path, np.zeros((0, 0), np.float32))
    return 0, 0


def extractor(row: FeatureRow, threads: int) -> Extractor:
    """Return what computes the feature set `row` on `threads` threads."""
    return _KINDS[row.kind](row, threads)


def fill(images: Images, make: Extractor, path: Path) -> tuple[int, int]:
    """Write the features of at least one image; only a chunk of images is in memory, the output is a memory map."""
    first = make.extract(images[0 : make.chunk])
    shape = (len(images), first.shape[1])
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    out[: len(first)] = first
    for start in range(make.chunk, len(images), make.chunk):
        rows = slice(start, start + make.chunk)
        out[rows] = make.extract(images[rows])
    out.flush()
    return shape


def _backbone(row: FeatureRow, threads: int) -> Extractor:
    from hemapipe.features import backbone  # torch: a second that the other kinds need not wait

    return Extractor(backbone.load(row.builder, row.arch, row.weights, row.px, row.batch_size, threads), row.batch_size)


def _handcrafted(row: FeatureRow, threads: int) -> Extractor:
    from hemapipe.features import handcrafted

    # Chunks long enough that starting workers costs little.
    return Extractor(lambda images: handcrafted.extract(images, n_jobs=threads), 16 * row.batch_size)


def _pixels(row: FeatureRow, threads: int) -> Extractor:
    from hemapipe.features import pixels

    return Extractor(pixels.extract, row.batch_size)


_KINDS: dict[str, Callable[[FeatureRow, int], Extractor]] = {
    "backbone": _backbone,
    "handcrafted": _handcrafted,
    "pixels": _pixels,
}
