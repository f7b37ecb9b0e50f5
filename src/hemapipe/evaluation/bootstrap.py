"""Percentile intervals by resampling whole groups: images of one patient are not independent evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scorer = Callable[[Floats], dict[str, Floats]]
#: Cells of one chunk of weights: 8 MB of float64, so that a chunk's working set stays near the cache.
CHUNK_CELLS = 1_000_000


def resample_weights(groups: npt.ArrayLike, n_resamples: int, seed: int) -> Iterator[Floats]:
    """Yield chunks (b, n) of weights, `n_resamples` rows in all.

    Each row draws as many groups as there are, with replacement; a sample's weight is how often its group was drawn.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // len(member))
    for start in range(0, n_resamples, chunk):
        rows = min(chunk, n_resamples - start)
        drawn = rng.integers(0, len(names), (rows, len(names))) + len(names) * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * len(names)).reshape(rows, len(names))
        yield counts[:, member].astype(np.float64)


def intervals(
    scorer: Scorer, groups: npt.ArrayLike, n_resamples: int, seed: int, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Return name → (low, high) of every metric `scorer` gives for (b, n) weights.

    Percentile bootstrap (Efron 1979) over groups; resamples in which a metric is undefined take no part in
    its interval. NaN where it is undefined in all of them.
    """
    chunks = [scorer(weights) for weights in resample_weights(groups, n_resamples, seed)]
    tail = 100 * (1 - level) / 2
    found = {}
    for name in chunks[0]:
        values = np.concatenate([chunk[name] for chunk in chunks])
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, [tail, 100 - tail]) if len(values) else (np.nan, np.nan)
        found[name] = (float(low), float(high))
    return found
