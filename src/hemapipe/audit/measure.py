"""One pass over the images: cells are segmented once, and all that the audit needs is measured."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

from hemapipe import archive, images
from hemapipe.audit import quality, regions
from hemapipe.audit.inputs import Inputs
from hemapipe.cells.colour import lab
from hemapipe.cells.segment import segment
from hemapipe.cells.slide import neutralised

_CHUNK = 64  # images per task: a second of work


@dataclass(frozen=True)
class Measures:
    """Rows are those of the packed array.

    Attributes:
        background_colour, border, mean_colour, cell_size: (n, d) float64, NaN where there is no background.
        quality: (n, 7), `quality.MEASURES`.
        neutralised: (n, px, px, 3) uint8, a memory map.
    """

    background_colour: np.ndarray
    border: np.ndarray
    mean_colour: np.ndarray
    cell_size: np.ndarray
    quality: np.ndarray
    neutralised: np.ndarray


_WIDTHS = (9, 28, 3, 6, len(quality.MEASURES))


def measure(inputs: Inputs, n_jobs: int) -> Measures:
    """Measure the packed images in `n_jobs` processes; the neutralised ones are written under `inputs.work`.

    For its sharpness each file is decoded once more. Only the images in work are in memory. The numbers do not depend
    on `n_jobs`.
    """
    packed, rows = inputs.packed, inputs.rows
    names, plain = rows["path"].to_list(), ((rows["status"] == "ok") & (rows["note"] == "")).to_list()
    out = np.lib.format.open_memmap(inputs.work / "neutralised.npy", mode="w+", dtype=np.uint8, shape=packed.shape)
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(packed), _CHUNK)]
    jobs = (delayed(_measured)(packed[chunk], inputs.raw, names[chunk], plain[chunk]) for chunk in chunks)
    tables = [np.empty((0, sum(_WIDTHS)))]
    results = Parallel(n_jobs=max(1, min(n_jobs, len(chunks))), pre_dispatch="2*n_jobs", return_as="generator")(jobs)
    for chunk, (table, neutral) in zip(chunks, results, strict=True):
        tables.append(table)
        out[chunk] = neutral
    out.flush()
    background, border, mean, cells, qualities = np.split(np.concatenate(tables), np.cumsum(_WIDTHS)[:-1], axis=1)
    return Measures(background, border, mean, cells, qualities, out)


def _measured(packed: np.ndarray, raw: Path, names: list[str], plain: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    cv2.setNumThreads(1)  # the processes share the cores already
    with archive.open_zip(raw) as opened:
        pairs = [
            _one(np.ascontiguousarray(image), _full(opened, name, whole))
            for image, name, whole in zip(packed, names, plain, strict=True)
        ]
    return np.array([row for row, _ in pairs]), np.stack([image for _, image in pairs])


def _full(opened: zipfile.ZipFile, name: str, whole: bool) -> np.ndarray | None:
    """Return the pixels of a file; those of one that is `whole` need no second look."""
    data = archive.read(opened, name)
    pixels = images.decode_plain(data) if whole else None
    return images.decode(data).pixels if pixels is None else pixels


def _one(image: np.ndarray, full: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    found, colours = segment(image), lab(image)
    row = [
        regions.background_colour(colours, regions.background_mask(found)),
        regions.border(image, colours),
        regions.mean_colour(colours),
        regions.cell_size(found),
        quality.measure(image, full),
    ]
    return np.concatenate(row), neutralised(image, found)
