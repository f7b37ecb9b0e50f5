"""Intervals by resampling whole groups: images of one patient are not independent evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import numpy as np
import numpy.typing as npt

from hemapipe.evaluation.bca import Distribution, acceleration, jackknife_error
from hemapipe.evaluation.wilson import wilson

Floats = npt.NDArray[np.float64]
Scorer = Callable[[Floats], dict[str, Floats]]
#: Below this many groups the metrics carry `few_groups`: 1; simulated coverage falls short there (docs/statistics.md).
FEW_GROUPS = 30
#: Below this many groups of the rarest class they carry `few_groups_rarest`: 1; averages over classes then rest on it.
FEW_GROUPS_OF_A_CLASS = 6
#: Draws that differ by less are equal, up to the order of sums.
ROUNDING = 1e-12
#: Limits that cannot be told.
NONE = (float("nan"), float("nan"))
#: Blocks of groups left out in turn for the acceleration.
N_BLOCKS = 200
#: Cells of one chunk of weights: 2 MB of float32, so that a chunk's working set stays in the cache.
CHUNK_CELLS = 500_000


def resample_weights(groups: npt.ArrayLike, n_resamples: int, seed: int) -> Iterator[Floats]:
    """Yield chunks (b, n) of weights in single precision, `n_resamples` rows in all, each column contiguous.

    Each row draws as many groups as there are, with replacement; a sample's weight is how often its group was drawn.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // len(member))
    for start in range(0, n_resamples, chunk):
        rows = min(chunk, n_resamples - start)
        drawn = rng.integers(0, len(names), (rows, len(names))) * rows + np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * len(names)).reshape(len(names), rows)
        yield cast(Floats, counts.astype(np.float32)[member].T)


def left_out_weights(groups: npt.ArrayLike, n_blocks: int = N_BLOCKS) -> Iterator[Floats]:
    """Yield chunks (b, n) of 0/1 weights: each row leaves out one group, or one of `n_blocks` blocks of groups."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    blocks = min(n_blocks, len(names))
    chunk = max(1, CHUNK_CELLS // len(member))
    for start in range(0, blocks, chunk):
        rows = np.arange(start, min(start + chunk, blocks))
        yield (member[:, None] % blocks != rows).astype(np.float32).T


def distributions(scorer: Scorer, groups: npt.ArrayLike, n_resamples: int, seed: int) -> dict[str, Distribution]:
    """Return name → value, draws and acceleration of every metric `scorer` gives for (b, n) weights.

    Resamples in which a metric is undefined take no part in its distribution; one that is undefined without some group
    (or block of groups) has neither limits nor p, see `Distribution`.
    """
    groups = np.asarray(groups)
    values = scorer(np.ones((1, len(groups))))
    draws = _joined(scorer(weights) for weights in resample_weights(groups, n_resamples, seed))
    left_out = _joined(scorer(weights) for weights in left_out_weights(groups))
    n_groups = len(np.unique(groups))
    return {
        name: Distribution(
            float(value[0]),
            np.sort(_finite(draws[name])),
            acceleration(_finite(left_out[name])),
            n_groups,
            jackknife_error(left_out[name]),
        )
        for name, value in values.items()
    }


def intervals(
    scorer: Scorer,
    groups: npt.ArrayLike,
    n_resamples: int,
    seed: int,
    level: float = 0.95,
    evidence: Mapping[str, int] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return name → (low, high) of every metric `scorer` gives for (b, n) weights: BCa over groups, see `Distribution`.

    A metric that is 1 in all resamples gets Wilson's lower limit for as many trials as there are groups that could have
    shown an error: `evidence[name]`, else all. One that is 0 in all gets the upper limit where `evidence` names it
    (elsewhere 0 is no proportion). NaN where a metric is undefined, rests on fewer than two groups, or, with
    `evidence`, has any other value in all resamples: that they do not differ is no proof that new groups would not.
    Without `evidence` such limits are the value itself.
    """
    known = evidence or {}
    found = {}
    for name, one in distributions(scorer, groups, n_resamples, seed).items():
        trials = known.get(name, one.n_groups)
        constant = _constant(one)
        if trials < 2:
            found[name] = NONE
        elif constant and one.value == 1:
            found[name] = wilson(trials, trials, level)
        elif constant and one.value == 0 and name in known:
            found[name] = wilson(0, trials, level)
        elif constant and evidence is not None:
            found[name] = NONE
        else:
            found[name] = one.interval(level)
    return found


def difference_limits(one: Distribution) -> tuple[float, float]:
    """Return the 95 % interval of a paired difference: 0 to 0 of two models that call all alike, see `intervals`.

    NaN where any other difference is the same in all resamples.
    """
    return NONE if _constant(one) and one.value != 0 else one.interval()


def rarest(y: npt.ArrayLike, groups: npt.ArrayLike) -> int:
    """Return how many groups the class with the fewest has; `y`: (n,) classes, those without a row do not count."""
    held = np.unique(np.column_stack([np.unique(of, return_inverse=True)[1] for of in (y, groups)]), axis=0)
    return int(np.bincount(held[:, 0]).min())


def _joined(chunks: Iterator[dict[str, Floats]]) -> dict[str, Floats]:
    """Return name → the values of all chunks."""
    parts = list(chunks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _constant(one: Distribution) -> bool:
    return bool(len(one.draws)) and bool(np.ptp([one.draws[0], one.draws[-1], one.value]) < ROUNDING)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]
