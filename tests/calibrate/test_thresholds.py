"""Thresholds: by hand, against scikit-learn's ROC curve, and as properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from hemapipe.calibrate import thresholds
from hemapipe.calibrate.params import CalibrateParams, Cost, positive_classes
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
POSITIVE = np.array([1, 1, 0, 1, 0, 1, 0, 0], bool)
scored = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({kind for _, kind in rows}) == 2
)


def params(**of):
    return CalibrateParams(**{"positive": ["all"], "sensitivity": 0.95, "cost": None, **of})


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0.25, 0.9), (0.26, 0.8), (0.5, 0.8), (0.75, 0.6), (0.76, 0.4), (1.0, 0.4)]
)
def test_the_largest_threshold_that_finds_enough(wanted, threshold):
    assert thresholds.for_sensitivity(SCORES, POSITIVE, wanted) == threshold


@pytest.mark.parametrize(
    ("miss", "false_alarm", "threshold"),
    [
        (1, 1, 0.4),  # two alarms, as dear as one of each at .6 and two misses at .8: the lowest misses fewest
        (10, 1, 0.4),
        (1, 10, 0.8),
        (1, 1.5, 0.8),
    ],
)
def test_the_threshold_of_least_cost_by_hand(miss, false_alarm, threshold):
    assert thresholds.for_cost(SCORES, POSITIVE, Cost(miss=miss, false_alarm=false_alarm)) == threshold


def test_nobody_is_called_where_every_alarm_costs_more_than_all_misses():
    assert thresholds.for_cost(SCORES[::-1], POSITIVE, Cost(miss=1, false_alarm=9)) == thresholds.NOBODY


@settings(max_examples=150, deadline=None)
@given(rows=scored, wanted=st.sampled_from([0.05, 0.5, 0.8, 0.9, 0.95, 1.0]))
def test_against_the_roc_curve_of_scikit_learn(rows, wanted):
    scores, positive = np.array([s for s, _ in rows]) / 8, np.array([kind for _, kind in rows])
    _, sensitivity, at = roc_curve(positive, scores, drop_intermediate=False)
    expected = at[np.argmax(sensitivity >= wanted - 1e-9)]  # the thresholds fall along the curve
    assert thresholds.for_sensitivity(scores, positive, wanted) == expected


@settings(max_examples=150, deadline=None)
@given(rows=scored, miss=st.sampled_from([0.5, 1, 3, 10]), false_alarm=st.sampled_from([0.5, 1, 3]))
def test_no_threshold_costs_less(rows, miss, false_alarm):
    scores, positive = np.array([s for s, _ in rows]) / 8, np.array([kind for _, kind in rows])

    def cost(t):
        return miss * np.sum(positive & (scores < t)) + false_alarm * np.sum(~positive & (scores >= t))

    found = thresholds.for_cost(scores, positive, Cost(miss=miss, false_alarm=false_alarm))
    everywhere = {t: cost(t) for t in np.arange(0, 1.2, 1 / 16)}
    assert cost(found) == min(everywhere.values())
    assert not [t for t, c in everywhere.items() if c == cost(found) and np.sum(scores >= t) > np.sum(scores >= found)]


def test_what_is_stored_and_when_it_is_noted():
    many, kinds = np.linspace(0, 1, 80), np.arange(80) >= 40
    found = thresholds.fit(many, kinds, params())
    assert found["val_sensitivity"] == 0.95 and found["val_specificity"] == 1.0 and "note" not in found
    assert "lowest of 19" in thresholds.fit(many[21:60], kinds[21:60] & (np.arange(39) >= 20), params())["note"]
    cheap = params(cost=Cost(miss=10, false_alarm=1))
    assert "note" not in thresholds.fit(many, kinds, cheap)
    assert "fewer than 20" in thresholds.fit(many[25:], kinds[25:], cheap)["note"]


@pytest.mark.parametrize(("kind", "of"), [(False, params()), (True, params(cost=Cost(miss=1, false_alarm=1)))])
def test_a_missing_kind_leaves_no_threshold(kind, of):
    found = thresholds.fit(SCORES, np.full(8, kind), of)
    assert found["threshold"] is None and found["note"] == thresholds.MISSING_KIND


def test_without_negatives_a_wanted_sensitivity_still_has_a_threshold():
    found = thresholds.fit(SCORES, np.full(8, True), params(sensitivity=0.5))
    assert found["threshold"] == 0.6 and found["val_specificity"] is None


def test_a_score_does_not_depend_on_the_last_bits():
    p = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]])
    assert thresholds.score(p, [0, 1]).tolist() == [0.3, 0.6]  # .1 + .2 is .30000000000000004


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sensitivity": 0}, "sensitivity"),
        ({"sensitivity": 1.1}, "sensitivity"),
        ({"cost": {"miss": 10}}, "cost.false_alarm"),
        ({"cost": {"miss": 0, "false_alarm": 1}}, "cost.miss"),
        ({"positives": []}, "did you mean 'positive'"),
    ],
)
def test_params_are_checked(values, message):
    with pytest.raises(HemapipeError, match=message):
        check(CalibrateParams, {"positive": [], "sensitivity": 0.95, "cost": None} | values, "calibrate")


def test_positive_classes_are_in_the_order_of_the_classes_and_not_all():
    assert positive_classes(["pro", "early"], ["benign", "early", "pro"]) == ["early", "pro"]
    assert positive_classes([], ["a", "b"]) == []
    with pytest.raises(HemapipeError, match="every class"):
        positive_classes(["a", "b"], ["a", "b"])
