"""Stratified k-folds and holdouts of images or of whole units of images, on scikit-learn's splitters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from hemapipe.core.errors import HemapipeError

_ATTEMPTS = 5
#: Above this many units one attempt is fine-grained enough, and several would take long.
_MANY_UNITS = 2000
#: Finest grid on which a share of units is approximated: 3/20 for .15.
_FINEST = 20


def kfold(labels: np.ndarray, units: np.ndarray | None, n_folds: int, seed: int, what: str = "") -> list[np.ndarray]:
    """Return one boolean test mask per fold; the masks partition the rows. `units` None splits single rows.

    Raises:
        HemapipeError: a class has fewer units than folds, or no arrangement has every class in every fold; `what`
            names the folds and says what to change.
    """
    what = what or f"{n_folds} folds: lower split.n_folds"
    units = _if_tied(units)
    _require(labels, units, n_folds, what)
    if units is None:
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        return [_mask(test, len(labels)) for _, test in splitter.split(labels, labels)]
    for bins in _arrangements(labels, units, n_folds, seed, attempts=20):
        masks = [bins == fold for fold in range(n_folds)]
        if all(_has_all_classes(labels, mask) for mask in masks):
            return masks
    raise HemapipeError(f"no arrangement of the units has every class in each of {what}")


def holdout(labels: np.ndarray, units: np.ndarray | None, frac: float, seed: int, what: str) -> np.ndarray:
    """Return the boolean mask of a stratified share of the rows, in whole units; exact (rounded up) for single rows.

    Of several random arrangements of whole units, the share is the one whose class counts come nearest to `frac`.
    Where small classes leave none near it, the share grows or shrinks until every class is on both sides.

    Raises:
        HemapipeError: a class has fewer than two units, so that it cannot be on both sides; `what` names the purpose.
    """
    units = _if_tied(units)
    _require(labels, units, 2, what)
    if units is None:
        return _holdout_rows(labels, frac, seed, what)
    part = _on_a_grid(frac, max(len(np.unique(units[labels == name])) for name in np.unique(labels)))
    attempts = 1 if len(np.unique(units)) > _MANY_UNITS else _ATTEMPTS
    arrangements = list(_arrangements(labels, units, part.denominator, seed, attempts))
    for n_taken in sorted(range(1, part.denominator), key=lambda n: abs(n - part.numerator)):
        masks = [
            (bins - first) % part.denominator < n_taken for bins in arrangements for first in range(part.denominator)
        ]
        masks = [mask for mask in masks if _has_all_classes(labels, mask) and _has_all_classes(labels, ~mask)]
        if masks:
            return min(masks, key=lambda mask: _deviation(labels, mask, frac))
    raise HemapipeError(f"no arrangement of the units has every class on both sides of {what}")


def _on_a_grid(frac: float, n_units: int) -> Fraction:
    """Return the fraction of small denominator next to `frac`, strictly between 0 and 1; at most `n_units` bins."""
    part = Fraction(frac).limit_denominator(min(_FINEST, n_units))
    if 0 < part < 1:
        return part
    least = Fraction(1, min(n_units, round(1 / min(frac, 1 - frac))))
    return least if frac < 0.5 else 1 - least


def _if_tied(units: np.ndarray | None) -> np.ndarray | None:
    """Return None, single rows, where no two rows share a unit: that is the same and much faster."""
    return None if units is None or len(np.unique(units)) == len(units) else units


def _holdout_rows(labels: np.ndarray, frac: float, seed: int, what: str) -> np.ndarray:
    try:
        taken = train_test_split(np.arange(len(labels)), test_size=frac, stratify=labels, random_state=seed)[1]
    except ValueError as error:
        raise HemapipeError(f"cannot set aside {frac:g} of {len(labels)} images for {what}: {error}") from error
    return _mask(taken, len(labels))


def _arrangements(labels: np.ndarray, units: np.ndarray, n_bins: int, seed: int, attempts: int) -> Iterator[np.ndarray]:
    """Yield random stratified assignments of whole units to bins, as the bin of each row."""
    for attempt in range(attempts):
        splitter = StratifiedGroupKFold(n_bins, shuffle=True, random_state=seed + attempt)
        bins = np.zeros(len(labels), int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class with fewer rows than bins: judged by the callers
            for number, (_, rows) in enumerate(splitter.split(labels, labels, units)):
                bins[rows] = number
        yield bins


def _require(labels: np.ndarray, units: np.ndarray | None, needed: int, what: str) -> None:
    """Raise where a class has fewer than `needed` units."""
    if len(labels) == 0:
        raise HemapipeError(f"no eligible image is left for {what}")
    units = np.arange(len(labels)) if units is None else units
    counts = {str(name): len(np.unique(units[labels == name])) for name in np.unique(labels)}
    name = min(counts, key=lambda key: counts[key])
    if counts[name] < needed:
        raise HemapipeError(f"class {name!r} has only {counts[name]} unit(s) to divide, too few for {what}")


def _deviation(labels: np.ndarray, mask: np.ndarray, frac: float) -> tuple[float, float]:
    """Return how far the worst class is off, and (as a small class is often off alike) how far all together are."""
    off = [abs(mask[labels == name].mean() - frac) for name in np.unique(labels)]
    return max(off), sum(off)


def _has_all_classes(labels: np.ndarray, mask: np.ndarray) -> bool:
    return len(np.unique(labels[mask])) == len(np.unique(labels))


def _mask(indices: np.ndarray, length: int) -> np.ndarray:
    mask = np.zeros(length, bool)
    mask[indices] = True
    return mask
