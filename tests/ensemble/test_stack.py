"""The stack: against temperature scaling and scikit-learn's logistic regression, and what it may not look at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from hemapipe.calibrate.temperature import fit_temperature
from hemapipe.core.errors import HemapipeError
from hemapipe.ensemble import stack


def made_up(n=200, k=3, m=3, seed=0):
    """m members of different skill, sureness all their own; ten rows a group."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    logits = [rng.normal(size=(n, k)) * (1 + i) + (2 - i / 2) * np.eye(k)[y] for i in range(m)]
    return [softmax(z, axis=1) for z in logits], y, np.array([f"g{i // 10:02d}" for i in range(n)])


def test_one_member_is_temperature_scaling(monkeypatch):
    monkeypatch.setattr(stack, "RIDGE", 0.0)
    members, y, groups = made_up(m=1)
    assert stack.fit(stack.level_one(members), y, groups)[0] == pytest.approx(
        1 / fit_temperature(members[0], y), rel=1e-4
    )


def test_two_classes_are_the_logistic_regression_of_log_odds(monkeypatch):
    monkeypatch.setattr(stack, "RIDGE", 0.0)
    members, y, groups = made_up(k=2)
    x = stack.level_one(members)
    odds = (x[:, :, 1] - x[:, :, 0]).T
    reference = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000).fit(odds, y)
    weights = stack.fit(x, y, groups)
    assert weights == pytest.approx(reference.coef_[0], rel=1e-3)
    assert stack.predict(x, weights)[:, 1] == pytest.approx(reference.predict_proba(odds)[:, 1], abs=1e-4)


def test_no_weights_nearby_have_a_smaller_penalised_loss():
    members, y, groups = made_up(k=2)
    x = stack.level_one(members)
    weights = stack.fit(x, y, groups)
    ridge = stack.RIDGE / 20

    def loss(w):
        p = stack.predict(x, w)
        return -np.log(p[np.arange(len(y)), y]).mean() + ridge * ((w - 1 / 3) ** 2).sum()

    steps = 1e-3 * np.vstack([np.eye(3), -np.eye(3)])
    assert all(loss(weights) < loss(weights + step) for step in steps)


def test_few_groups_keep_the_weights_near_equal():
    members, y, groups = made_up()
    x = stack.level_one(members)
    few = np.where(groups < "g10", "a", "b")
    off = [np.abs(stack.fit(x, y, of) - 1 / 3).max() for of in (groups, few)]
    assert off[1] < off[0]


def test_perfect_members_get_finite_weights(monkeypatch):
    monkeypatch.setattr(stack, "RIDGE", 0.0)
    y = np.arange(20) % 2
    x = stack.level_one([np.where(np.eye(2)[y] > 0, 0.9, 0.1)] * 2)
    weights = stack.fit(x, y, y.astype(str))
    assert (weights <= stack.HIGHEST).all() and np.isfinite(stack.predict(x, weights)).all()


def test_a_zero_probability_is_no_infinite_lever():
    assert np.isfinite(stack.level_one([np.array([[1.0, 0.0]])])).all()


def test_a_row_is_predicted_without_its_groups_labels():
    members, y, groups = made_up()
    x = stack.level_one(members)
    other = y.copy()
    other[groups == "g03"] = 0
    before, after = stack.cross_fit(x, y, groups), stack.cross_fit(x, other, groups)
    assert (before[groups == "g03"] == after[groups == "g03"]).all()
    assert (before != after).any()
    assert before.sum(axis=1) == pytest.approx(1)


def test_a_class_of_one_group_is_still_predicted_when_held_out():
    members, y, groups = made_up()
    groups = np.where(y == 2, "lonely", groups)
    p = stack.cross_fit(stack.level_one(members), y, groups)
    assert (p[y == 2].argmax(axis=1) == 2).mean() > 0.7


def test_one_group_is_refused():
    members, y, _ = made_up(n=20)
    with pytest.raises(HemapipeError, match=r"all of one group.*split.val_frac, or use kind: vote"):
        stack.cross_fit(stack.level_one(members), y, np.full(20, "a"))


@settings(max_examples=50, deadline=None)
@given(groups=st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_folds_keep_groups_whole_and_near_in_size(groups):
    names = np.array([f"g{g:02d}" for g in groups])
    folds = stack.deal(names)
    assert set(folds) == set(range(min(stack.N_FOLDS, len(set(groups)))))
    assert all(len(set(folds[names == name])) == 1 for name in names)
    assert np.ptp(np.bincount(folds)) <= max(np.unique(names, return_counts=True)[1])
