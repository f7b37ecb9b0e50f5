"""Areas under curves: ties, extremes, agreement with scikit-learn for any scores and weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from hemapipe.evaluation.ranking import areas


def both(scores, positive, weights=None):
    weights = np.ones((1, len(scores))) if weights is None else np.array([weights], float)
    auc, precision = areas(np.array(scores, float), np.array(positive, bool), weights)
    return auc[0], precision[0]


def test_perfect_reversed_and_tied():
    assert both([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == (1, 1)
    assert both([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]) == (0, pytest.approx((1 / 3 + 2 / 4) / 2))
    assert both([0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0]) == (0.5, 0.5)


def test_a_tie_counts_one_half():
    auc, precision = both([0.3, 0.5, 0.5, 0.9], [0, 0, 1, 1])
    assert auc == pytest.approx((2 + 1.5) / 4)
    assert precision == pytest.approx((1 + 2 / 3) / 2)


def test_without_both_kinds_it_is_undefined():
    assert np.isnan(both([0.1, 0.2], [1, 1])[0])
    assert all(np.isnan(both([0.1, 0.2], [0, 0])))
    assert np.isnan(both([0.1, 0.2], [0, 1], [0, 1])[0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_equal_to_scikit_learn(data):
    n = data.draw(st.integers(2, 25))
    scores = data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    positive = [1, 0, *data.draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))]
    weights = [1, 2, *data.draw(st.lists(st.integers(0, 3), min_size=n - 2, max_size=n - 2))]
    auc, precision = both(scores, positive, weights)
    assert auc == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights))
    assert precision == pytest.approx(average_precision_score(positive, scores, sample_weight=weights))
