"""Resamples that lack a class: what they cannot score."""

from __future__ import annotations

import numpy as np

from hemapipe.evaluation.metrics import Floats, Ints, Scorer
from hemapipe.evaluation.ranking import incidence

_AGREEMENT = ("kappa", "mcc")


def complete(score: Scorer, y: Ints) -> Scorer:
    """Return `score`, undefined where weights leave out a class of `y`, (n,), that a metric needs.

    Averages over classes need all of them; kappa and MCC, which are 0 for a single class by their formulas, two.
    """
    names, member = np.unique(y, return_inverse=True)
    members = incidence(member.astype(np.int64), np.arange(len(y)), (len(names), len(y)))

    def of(weights: Floats) -> dict[str, Floats]:
        n_present = ((members @ weights.T) > 0).sum(axis=0)
        lacking = n_present < len(names)
        found = score(weights)
        for name in found:
            if averages_classes(name):
                found[name] = np.where(lacking, np.nan, found[name])
            elif name in _AGREEMENT:
                found[name] = np.where(lacking & (n_present == 1), np.nan, found[name])
        return found

    return of


def averages_classes(name: str) -> bool:
    """Return whether a metric weighs every class alike, however few samples and groups it has."""
    return name == "balanced_accuracy" or name.startswith("macro_")
