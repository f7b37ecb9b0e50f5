"""Near repeats: the same field shifted, cropped, turned, mirrored, brightened or compressed anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from hemapipe.core.errors import HemapipeError
from hemapipe.ties import candidates, describe, register, views
from hemapipe.ties.params import TiesParams

_COLUMNS = ["index_a", "index_b", "similarity", "overlap", "transform"]
_CHUNK = 500  # images, or pairs, that one task of a worker has
_KEPT = 1024  # prepared images a worker keeps: 80 KB each


def find(
    packed: np.ndarray, embedding: np.ndarray, sha256: Sequence[str], params: TiesParams, n_jobs: int = 1
) -> pd.DataFrame:
    """Return a row per pair of near repeats, index_a < index_b: rows of `packed`, sorted.

    Candidates come from `candidates`, each is confirmed by `register.compare`. Of images with equal pixels the first
    stands for all. `similarity` is a correlation up to 1, `overlap` a share of the smaller image; `transform` is in
    words (see `describe.transform`) and takes the second image onto the first. No result depends on `n_jobs`.

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
    if len(distinct) < 2:
        return pd.DataFrame(columns=_COLUMNS).astype({"index_a": int, "index_b": int, "similarity": float})
    thumbs = _thumbnails(packed, distinct, n_jobs)
    k = params.n_candidates
    pairs = candidates.union(
        [
            candidates.by_thumbnails(thumbs, views.COPIES, k, n_jobs),
            candidates.by_thumbnails(thumbs, views.NEIGHBOURS, k, n_jobs),
            candidates.by_embedding(np.asarray(embedding)[distinct], k, n_jobs),
        ]
    )
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
    found = _spread(_confirm, [(packed, distinct, thumbs, chunk, params) for chunk in chunks], n_jobs)
    return pd.DataFrame([row for rows in found for row in rows], columns=_COLUMNS)


def _spread(function, tasks, n_jobs):
    return Parallel(n_jobs=min(n_jobs, len(tasks)))(delayed(function)(*task) for task in tasks)


def _thumbnails(packed: np.ndarray, rows: np.ndarray, n_jobs: int) -> np.ndarray:
    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    return np.concatenate(_spread(_some_thumbnails, [(packed, chunk) for chunk in chunks], n_jobs))


def _some_thumbnails(packed: np.ndarray, rows: np.ndarray) -> np.ndarray:
    cv2.setNumThreads(1)
    return np.stack([views.thumbnails(np.asarray(packed[row])) for row in rows])


def _confirm(packed, distinct, thumbs, pairs, params):
    cv2.setNumThreads(1)

    @lru_cache(_KEPT)
    def prepared(number: int) -> register.Prepared:
        return register.prepare(np.asarray(packed[distinct[number]]), thumbs[number])

    rows = []
    for a, b in pairs.tolist():
        match = register.compare(prepared(a), prepared(b))
        if match.similarity >= params.similarity and match.overlap >= params.overlap:
            words = describe.transform(np.linalg.inv(match.matrix), match.gain)
            rows.append((int(distinct[a]), int(distinct[b]), match.similarity, match.overlap, words))
    return rows
