"""Change points: where the mean of a series of vectors jumps."""

from __future__ import annotations

import numpy as np


def segments(series: np.ndarray, penalty: float, least: int) -> np.ndarray:
    """Return the number, 0, 1, …, of the segment of each row of `series` (n, d).

    The segmentation with the smallest sum of squares about the segments' means, in units of the noise, plus
    `penalty` · (d + 1) · log(n) for each change: at penalty 1 the Bayesian information criterion (Yao 1988,
    doi:10.1016/0167-7152(88)90118-6). It is found exactly, by pruned dynamic programming (PELT; Killick, Fearnhead and
    Eckley 2012, doi:10.1080/01621459.2012.737745). No segment is shorter than `least` rows, unless all rows are fewer;
    columns that never change have no say.
    """
    n = len(series)
    if n == 0:
        return np.zeros(0, int)
    scaled = _in_units_of_noise(np.asarray(series, float))
    price = penalty * (scaled.shape[1] + 1) * np.log(n)  # a mean and a place
    sums = np.vstack([np.zeros(scaled.shape[1]), np.cumsum(scaled, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((scaled**2).sum(axis=1))])
    best, before = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -price
    starts, until = np.zeros(0, int), np.zeros(0)
    for end in range(min(least, n), n + 1):
        newest = max(end - least, 0)  # the last start that leaves room
        if np.isfinite(best[newest]):
            starts, until = np.append(starts, newest), np.append(until, np.inf)
        cost = squares[end] - squares[starts] - ((sums[end] - sums[starts]) ** 2).sum(axis=1) / (end - starts)
        total = best[starts] + cost
        choice = int(np.argmin(total))
        best[end], before[end] = total[choice] + price, starts[choice]
        # A change at `end` beats these starts, but only for segments that have room after it.
        until[total > best[end]] = np.minimum(until[total > best[end]], end + least)
        starts, until = starts[until > end + 1], until[until > end + 1]
    return _numbers(before, n)


def _numbers(before: np.ndarray, n: int) -> np.ndarray:
    """Return the segment numbers from each end's best start."""
    first = np.zeros(n, int)
    end = n
    while end > 0:
        first[before[end]] = 1
        end = before[end]
    return np.cumsum(first) - 1


def _in_units_of_noise(series: np.ndarray) -> np.ndarray:
    """Divide each column by its noise, from the mean square successive difference (von Neumann et al. 1941)."""
    if len(series) < 2:
        return np.zeros((len(series), 1))
    noise = np.sqrt((np.diff(series, axis=0) ** 2).mean(axis=0) / 2)
    usable = noise > 0
    return series[:, usable] / noise[usable] if usable.any() else np.zeros((len(series), 1))
