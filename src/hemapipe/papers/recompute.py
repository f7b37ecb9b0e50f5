"""The metrics that a printed confusion matrix implies, as printed and as it must be meant.

Matrices are (k, k) counts in the order of the paper's `classes`, rows actual, columns predicted; NaN: not printed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.metrics import confusion_scores
from hemapipe.papers.claims import Matrix, Paper

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recomputed:
    """A matrix in which nothing is missing, what it gives, and what was done to it, in words ('' for nothing)."""

    counts: Counts
    metrics: dict[str, float]
    note: str


def recompute(paper: Paper, model: str, meant: bool = True) -> Recomputed | None:
    """Return what a model's matrix gives; None where it has none or lacks more than class totals determine.

    `meant`: with FP and FN exchanged where the paper's matrices show that they were (`is_swapped`); else as printed.
    A cell that is not printed is filled from its class's total (`class_totals`), and the note says so.
    """
    if model not in paper.matrices:
        return None
    swap = meant and is_swapped(paper)
    counts, filled = fill(printed(paper, model, swap), class_totals(paper) if meant else {}, paper.classes)
    if np.isnan(counts).any():
        return None
    notes = [*(["FP and FN exchanged"] if swap else []), *filled]
    return Recomputed(counts, scores(counts, paper.classes), "; ".join(notes))


def printed(paper: Paper, model: str, swap: bool = False) -> Counts:
    """Return the (k, k) matrix of a model under the printer's names, or with FP and FN exchanged.

    Raises:
        HemapipeError: the counts are named TP … FN, but the paper does not have two classes, one of them `positive`.
    """
    matrix = paper.matrices[model]
    if matrix.rows is not None:
        return np.array(matrix.rows, dtype=np.float64)
    if len(paper.classes) != 2 or paper.positive not in paper.classes:
        raise HemapipeError(f"claims of {paper.name}: tp, tn, fp, fn need two classes, and `positive` to name one")
    fp, fn = (matrix.fn, matrix.fp) if swap else (matrix.fp, matrix.fn)
    counts = np.array([[matrix.tn, fp], [fn, matrix.tp]], dtype=np.float64)
    return counts if paper.classes[1] == paper.positive else counts[::-1, ::-1]


def scores(counts: Counts, classes: list[str]) -> dict[str, float]:
    """Return every defined metric of one (k, k) matrix, by hemapipe's names."""
    found = {name: float(value[0]) for name, value in confusion_scores(counts[None], classes).items()}
    return {name: value for name, value in found.items() if not np.isnan(value)}


def is_swapped(paper: Paper) -> bool:
    """Return whether the matrices show FP and FN exchanged: TP + FP is the same for every model, TP + FN is not.

    The number of positive images, TP + FN, belongs to the test set and cannot depend on the model.
    """
    named = [one for one in paper.matrices.values() if one.rows is None]
    fixed, varying = _sums(named, "fp"), _sums(named, "fn")
    return len(named) > 1 and len(fixed) == 1 and len(varying) > 1


def class_totals(paper: Paper) -> dict[str, int]:
    """Return images per class of the test set: stated, else shared by more than half of the complete rows."""
    if paper.test_classes:
        return dict(paper.test_classes)
    swap, totals = is_swapped(paper), {}
    sums = [printed(paper, model, swap).sum(axis=1) for model in paper.matrices]
    for c, name in enumerate(paper.classes):
        complete = [int(row[c]) for row in sums if not np.isnan(row[c])]
        for value, times in Counter(complete).most_common(1):
            if times > 1 and 2 * times > len(complete):
                totals[name] = value
    return totals


def fill(counts: Counts, totals: dict[str, int], classes: list[str]) -> tuple[Counts, list[str]]:
    """Return the matrix with every cell that its row's total determines, and a note for each one filled."""
    counts, notes = counts.copy(), []
    for row, name in zip(counts, classes, strict=True):
        missing = np.flatnonzero(np.isnan(row))
        if len(missing) == 1 and name in totals:
            rest = totals[name] - np.nansum(row)
            if rest >= 0:
                row[missing[0]] = rest
                cell = f"{name} called {classes[missing[0]]}"
                notes.append(f"{cell} is not printed: {totals[name]:,} − {int(totals[name] - rest):,} = {int(rest):,}")
    return counts, notes


def _sums(matrices: list[Matrix], other: str) -> set[int]:
    """Return the sums of TP and `other` that occur, over the matrices that print both."""
    pairs = [(one.tp, getattr(one, other)) for one in matrices]
    return {tp + value for tp, value in pairs if tp is not None and value is not None}
