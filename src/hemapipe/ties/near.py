"""Near repeats: the same field shifted, cropped, turned, mirrored, brightened or compressed anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from hemapipe.core.errors import HemapipeError
from hemapipe.ties import candidates, describe, register, starts, views
from hemapipe.ties.params import TiesParams

_COLUMNS = {"index_a": "int64", "index_b": "int64", "similarity": "float64", "overlap": "float64", "transform": "str"}
_CHUNK = 500  # images, or pairs, of one task


class _Sketches(NamedTuple):
    """What is kept of every image, 17 KB: `views.thumbnails` and `register.small_plane`."""

    thumbs: np.ndarray
    small: np.ndarray


def find(
    packed: np.ndarray, embedding: np.ndarray, sha256: Sequence[str], params: TiesParams, n_jobs: int = 1
) -> pd.DataFrame:
    """Return a row per pair of near repeats, index_a < index_b: rows of `packed`, sorted.

    Candidates come from `candidates`, each is confirmed by `register`. Of images with equal pixels the first stands
    for all. `similarity` is a correlation up to 1, `overlap` a share of the smaller image; `transform` is in words
    (see `describe.transform`) and takes the second image onto the first. No result depends on `n_jobs`.

    Args:
        packed: (N, px, px, 3), uint8 RGB, may be a memory map.
        embedding: (N, d), any features that put like images close together.
        sha256: of the pixels of each image.
        params: thresholds and numbers of candidates.
        n_jobs: processes.

    Raises:
        HemapipeError: the three are not of equal length.
    """
    if not len(packed) == len(embedding) == len(sha256):
        raise HemapipeError(
            f"{len(packed)} packed images, {len(embedding)} feature vectors and {len(sha256)} hashes do not fit "
            "together: `dvc repro` makes them anew"
        )
    distinct = np.flatnonzero(~pd.Series(list(sha256), dtype="str").duplicated().to_numpy())
    rows: list[list[tuple[Any, ...]]] = []
    if len(distinct) > 1:
        parts = _spread(_sketch, [(packed, chunk) for chunk in _chunks(distinct)], n_jobs)
        sketches = _Sketches(*map(np.concatenate, zip(*parts, strict=True)))
        pairs = _candidates(sketches.thumbs, np.asarray(embedding)[distinct], params.n_candidates, n_jobs)
        rows = _spread(_confirm, [(packed, distinct, sketches, chunk, params) for chunk in _chunks(pairs)], n_jobs)
    found = pd.DataFrame([row for part in rows for row in part], columns=list(_COLUMNS))
    return found.astype(_COLUMNS)


def _candidates(thumbs: np.ndarray, embedding: np.ndarray, k: int, n_jobs: int) -> np.ndarray:
    lists = [candidates.by_thumbnails(thumbs, matches, k, n_jobs) for matches in (views.COPIES, views.NEIGHBOURS)]
    return candidates.union([*lists, candidates.by_embedding(embedding, k, n_jobs)])


def _chunks(values: np.ndarray) -> list[np.ndarray]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]


def _spread(function: Callable[..., Any], tasks: list[tuple[Any, ...]], n_jobs: int) -> list[Any]:
    """Return the results of all tasks, in order; workers read large arrays from a memory map."""
    return Parallel(n_jobs=min(n_jobs, len(tasks)))(delayed(function)(*task) for task in tasks)


def _sketch(packed: np.ndarray, rows: np.ndarray) -> _Sketches:
    cv2.setNumThreads(1)
    made = [(views.thumbnails(image), register.small_plane(image)) for image in (np.asarray(packed[i]) for i in rows)]
    return _Sketches(*map(np.stack, zip(*made, strict=True)))


def _confirm(
    packed: np.ndarray, distinct: np.ndarray, sketches: _Sketches, pairs: np.ndarray, params: TiesParams
) -> list[tuple[Any, ...]]:
    cv2.setNumThreads(1)
    thumbs, small = sketches
    rows = []
    for a, b in pairs.tolist():
        hope = register.quick(small[a], small[b], starts.between(thumbs[a], thumbs[b]))
        if hope is None:
            continue
        index_a, index_b = int(distinct[a]), int(distinct[b])
        match = register.compare(np.asarray(packed[index_a]), np.asarray(packed[index_b]), hope.matrix)
        if match.similarity >= params.similarity and match.overlap >= params.overlap:
            words = describe.transform(np.linalg.inv(match.matrix), match.gain)
            rows.append((index_a, index_b, match.similarity, match.overlap, words))
    return rows
