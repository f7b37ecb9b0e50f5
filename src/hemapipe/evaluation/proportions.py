"""Which metrics are proportions, of what; and how many groups could have shown an error in each metric."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hemapipe.evaluation.predictions import ScoredRows

Bools = npt.NDArray[np.bool_]
#: Metrics of a class that its own images can spoil.
OF_THE_CLASS = ("recall", "f1", "f2", "pr_auc")


def proportions(rows: ScoredRows) -> dict[str, tuple[int, int]]:
    """Return name → (successes, trials) of the metrics that are one count over another."""
    called = rows.p.argmax(axis=1)
    right = int((called == rows.y).sum())
    n = len(rows.y)
    found = dict.fromkeys(("accuracy", "weighted_recall"), (right, n)) | {"error_rate": (n - right, n)}
    for index, name in enumerate(rows.class_names):
        actual, positive = rows.y == index, called == index
        if actual.any():  # an absent class has no metrics
            found[f"recall_{name}"] = _count(positive, actual)
            found[f"specificity_{name}"] = _count(~positive, ~actual)
            found[f"precision_{name}"] = _count(actual, positive)
    return {name: (successes, trials) for name, (successes, trials) in found.items() if trials}


def evidence(rows: ScoredRows) -> dict[str, int]:
    """Return name → how many groups could have shown an error, for a metric without one.

    All groups for what counts every image; the groups that hold the class, or a call of it, for a class's own metrics;
    for a class against the rest the smaller of both; for averages over classes those of the class with the fewest,
    which is on the safe side. Others (kappa, MCC, averages weighted by class) are left to all groups.
    """
    called = rows.p.argmax(axis=1)

    def groups(mask: Bools) -> int:
        return len(np.unique(rows.group[mask]))

    n_groups = len(np.unique(rows.group))
    found = {"accuracy": n_groups, "error_rate": n_groups, "weighted_recall": n_groups}
    fewest = n_groups
    for index, name in enumerate(rows.class_names):
        actual = rows.y == index
        if not actual.any():
            continue
        found |= {f"{metric}_{name}": groups(actual) for metric in OF_THE_CLASS}
        found |= {f"specificity_{name}": groups(~actual), f"precision_{name}": groups(called == index)}
        found[f"roc_auc_{name}"] = min(groups(actual), groups(~actual))
        fewest = min(fewest, groups(actual))
    averaged = [*OF_THE_CLASS, "roc_auc", "precision", "specificity"]
    return found | {f"macro_{metric}": fewest for metric in averaged} | {"balanced_accuracy": fewest}


def _count(hit: Bools, among: Bools) -> tuple[int, int]:
    return int((hit & among).sum()), int(among.sum())
