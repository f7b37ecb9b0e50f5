"""Which pairs are worth a closer look: the nearest by embedding, and by thumbnails in all eight turns.

Blocks of rows against all: memory grows with N, time with N². A network's features are not invariant to turns, and
fields of one patient are its nearest neighbours for their stain alone; thumbnails see the layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from hemapipe.ties import views

_BLOCK = 256  # rows at a time: a block's similarities with 12,500 images are 13 MB


def by_embedding(embedding: np.ndarray, k: int, n_jobs: int = 1) -> np.ndarray:
    """Return pairs (n, 2), i < j: each row with the `k` of the largest cosine, after standardising the columns."""
    values = np.asarray(embedding, np.float32)
    values = values - values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-6)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    return _pairs(len(values), k, lambda rows: values[rows] @ values.T, n_jobs)


def by_thumbnails(thumbs: np.ndarray, matches: list[views.Match], k: int, n_jobs: int = 1) -> np.ndarray:
    """Return pairs (n, 2), i < j: each row with the `k` it is most like in any of `matches`.

    Args:
        thumbs: (N, len(WINDOWS), THUMB_PX²), see `views.thumbnails`.
        matches: `views.COPIES` or `views.NEIGHBOURS`.
        k: pairs per row.
        n_jobs: threads; the result does not depend on it.
    """

    def similarity(rows: slice) -> np.ndarray:
        best = np.full((len(thumbs[rows]), len(thumbs)), -1, np.float32)
        for window, base, n_turns in matches:
            block = thumbs[rows, window].reshape(-1, views.THUMB_PX, views.THUMB_PX)
            for turn in range(n_turns):
                view = np.ascontiguousarray(views.turned(block, turn)).reshape(len(block), -1)
                np.maximum(best, view @ thumbs[:, base].T, out=best)
        return best

    return _pairs(len(thumbs), k, similarity, n_jobs)


def _pairs(n: int, k: int, similarity: Callable[[slice], np.ndarray], n_jobs: int) -> np.ndarray:
    if n < 2:
        return np.zeros((0, 2), np.int64)
    blocks = [slice(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK)]
    with threadpool_limits(1):  # the blocks are the threads; a block's sums do not depend on their number
        work = (delayed(_nearest)(rows, min(k, n - 1), similarity) for rows in blocks)
        return union(Parallel(n_jobs=n_jobs, prefer="threads")(work))


def _nearest(rows: slice, k: int, similarity: Callable[[slice], np.ndarray]) -> np.ndarray:
    values = similarity(rows)
    own = np.arange(rows.start, rows.stop)
    values[own - rows.start, own] = -np.inf
    others = np.argpartition(-values, k - 1, axis=1)[:, :k]
    return np.stack([np.repeat(own, k), others.ravel()], axis=1)


def union(lists: Iterable[np.ndarray]) -> np.ndarray:
    """Return the distinct pairs of several lists, i < j, sorted."""
    return np.unique(np.sort(np.concatenate(list(lists)), axis=1), axis=0)
