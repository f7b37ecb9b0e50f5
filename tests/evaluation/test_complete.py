"""Which metrics a resample without a class cannot give."""

import numpy as np
import pytest

from hemapipe.evaluation import metrics
from hemapipe.evaluation.complete import complete

NAMES = ["a", "b", "c"]


def sample(n=90):
    """Labels, probabilities, and three weightings."""
    random = np.random.default_rng(4)
    y = random.integers(0, 3, n)
    p = random.dirichlet([1, 1, 1], n) + 0.5 * np.eye(3)[y]
    return y, p / p.sum(axis=1, keepdims=True), np.vstack([np.ones(n), np.ones(n), random.integers(0, 3, n)])


def test_resamples_without_a_class_have_no_averages_over_classes():
    y, p, weights = sample()
    weights[1, y == 2] = 0
    whole = metrics.scorer(y, p, NAMES)
    bare, found = whole(weights), complete(whole, y)(weights)
    undefined = {name for name in found if np.isnan(found[name][1]) and not np.isnan(bare[name][1])}
    macro = {f"macro_{m}" for m in ("precision", "recall", "specificity", "f1", "f2", "roc_auc", "pr_auc")}
    assert undefined == macro | {"balanced_accuracy"}
    for name in found:
        assert found[name][[0, 2]] == pytest.approx(bare[name][[0, 2]])


def test_resamples_of_one_class_have_no_agreement_beyond_chance():
    """A perfect model: MCC would be 1 with both classes and 0 with one."""
    y, weights = np.array([0, 0, 1]), np.array([[1.0, 1, 1], [2, 1, 0]])
    perfect = metrics.confusion_scorer(y, y, NAMES[:2])
    assert perfect(weights)["mcc"].tolist() == [1, 0]
    for name in ("mcc", "kappa"):
        assert complete(perfect, y)(weights)[name] == pytest.approx([1, np.nan], nan_ok=True)
    assert complete(metrics.confusion_scorer(y[:2], y[:2], NAMES[:2]), y[:2])(weights[:, :2])["mcc"][0] == 0
