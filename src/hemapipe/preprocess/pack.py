"""Write every decodable image of an archive into one memory-mapped array, in constant memory."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import BinaryIO

import cv2
import joblib
import numpy as np

from hemapipe.core.errors import HemapipeError
from hemapipe.images import decode, decode_plain
from hemapipe.places import read
from hemapipe.preprocess.image import square
from hemapipe.preprocess.params import PreprocessParams

#: Starting a worker process takes about as long as this many small images.
_WORTH_A_WORKER = 500


def pack(archive: Path, places: np.ndarray, out: Path, px: int, params: PreprocessParams, n_jobs: int = 1) -> None:
    """Write the images at `places` (`hemapipe.places`) of a zip, in order, as uint8 n × px × px × 3 at `out` (.npy).

    Those marked `plain` are known to be whole and to need nothing but decoding, and are not checked again.

    The workers write their rows straight into the file, so that memory does not grow with the number of images; the
    bytes do not depend on their number. The file gets its name when it is complete.

    Raises:
        HemapipeError: `px` is not in `params.px`; no such archive; an image is missing, damaged or not decodable.
    """
    if px not in params.px:
        raise HemapipeError(f"{px} px is not in preprocess.px {params.px}: add it there in params.yaml")
    if not archive.exists():
        raise HemapipeError(f"{archive} not found: `dvc repro download` makes it")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".part")
    offset = _allocate(partial, (len(places), px, px, 3))
    n_jobs = max(1, min(n_jobs, -(-len(places) // _WORTH_A_WORKER)))
    bounds = np.linspace(0, len(places), n_jobs + 1).astype(int).tolist()
    joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_write_rows)(archive, places[start:stop], partial, offset + start * px * px * 3, px, params)
        for start, stop in itertools.pairwise(bounds)
    )
    partial.replace(out)


def _allocate(path: Path, shape: tuple[int, ...]) -> int:
    """Create a .npy file of uint8 zeros of the full size, without writing them, and return where its data begin."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        offset = handle.tell()
        handle.truncate(offset + int(np.prod(shape, dtype=np.int64)))
    return offset


def _write_rows(archive: Path, places: np.ndarray, out: Path, offset: int, px: int, params: PreprocessParams) -> None:
    """Decode the images at `places` and write them from byte `offset` on: the work of one process."""
    cv2.setNumThreads(1)
    _keep_freed_memory()
    handle = os.open(out, os.O_WRONLY)
    try:
        with archive.open("rb") as images:
            for place in places:
                row = np.ascontiguousarray(square(_pixels(images, place), px, params))
                if os.pwrite(handle, row.data, offset) != row.nbytes:
                    raise HemapipeError(f"{out}: the disk is full")
                offset += row.nbytes
    finally:
        os.close(handle)


def _keep_freed_memory(n_bytes: int = 24 << 20) -> None:
    """Spare every image hundreds of page faults, a quarter of the time for large BMPs.

    glibc gives freed memory back to the system above a threshold that follows the largest block freed so far
    (mallopt(3), M_MMAP_THRESHOLD), so one block larger than any array here is freed first. No effect elsewhere.
    """
    np.empty(n_bytes, np.uint8)


def _pixels(images: BinaryIO, place: np.void) -> np.ndarray:
    name, data = read(images, place)
    pixels = decode_plain(data) if place["plain"] else None
    if pixels is not None:
        return pixels
    decoded = decode(data)
    if decoded.pixels is None:
        raise HemapipeError(
            f"{name!r} cannot be decoded ({decoded.note}), though the manifest says it can: `dvc repro catalog`"
        )
    return decoded.pixels
