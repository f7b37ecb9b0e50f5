"""One pass over the packed images: cells are segmented once, and all that the audit needs is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

from hemapipe.audit import quality, regions
from hemapipe.cells.segment import segment

_CHUNK = 64  # images per task: a second of work


@dataclass(frozen=True)
class Measures:
    """Rows are those of the packed array.

    Attributes:
        background_colour, border, mean_colour, cell_size: (n, d) float64, NaN where there is no background.
        quality: (n, 5), `quality.MEASURES`.
        neutralised: (n, px, px, 3) uint8, a memory map.
    """

    background_colour: np.ndarray
    border: np.ndarray
    mean_colour: np.ndarray
    cell_size: np.ndarray
    quality: np.ndarray
    neutralised: np.ndarray


_WIDTHS = (9, 28, 3, 6, len(quality.MEASURES))


def measure(packed: np.ndarray, work: Path, n_jobs: int) -> Measures:
    """Measure images (n, px, px, 3), uint8 RGB, in `n_jobs` processes; the neutralised ones are written under `work`.

    Only the images in work are in memory. The numbers do not depend on `n_jobs`.
    """
    out = np.lib.format.open_memmap(work / "neutralised.npy", mode="w+", dtype=np.uint8, shape=packed.shape)
    starts = range(0, len(packed), _CHUNK)
    jobs = (delayed(_measured)(packed[start : start + _CHUNK]) for start in starts)
    tables = [np.empty((0, sum(_WIDTHS)))]
    results = Parallel(n_jobs=max(1, min(n_jobs, len(starts))), pre_dispatch="2*n_jobs", return_as="generator")(jobs)
    for start, (table, images) in zip(starts, results, strict=True):
        tables.append(table)
        out[start : start + len(images)] = images
    out.flush()
    background, border, mean, cells, qualities = np.split(np.concatenate(tables), np.cumsum(_WIDTHS)[:-1], axis=1)
    return Measures(background, border, mean, cells, qualities, out)


def _measured(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cv2.setNumThreads(1)  # the processes share the cores already
    pairs = [_one(np.ascontiguousarray(image)) for image in images]
    return np.array([row for row, _ in pairs]), np.stack([image for _, image in pairs])


def _one(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found, colours = segment(image), regions.colours_of(image)
    row = [
        regions.background_colour(colours, regions.background_mask(found)),
        regions.border(image, colours),
        regions.mean_colour(colours),
        regions.cell_size(found),
        quality.measure(image),
    ]
    return np.concatenate(row), regions.neutralised(image, found)
