"""Resampling of whole groups."""

import numpy as np
import pytest

from hemapipe.evaluation import bootstrap
from hemapipe.evaluation.bootstrap import difference_limits, distributions, intervals, rarest, resample_weights
from hemapipe.evaluation.wilson import wilson


def draw(groups, n_resamples=200, seed=1):
    return np.vstack(list(resample_weights(groups, n_resamples, seed)))


def test_a_group_is_drawn_whole_and_as_many_groups_as_there_are():
    groups = np.array(["x", "y", "x", "z", "y", "w"])
    weights = draw(groups)
    assert weights.shape == (200, 6)
    assert (weights[:, 0] == weights[:, 2]).all() and (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3, 5]].sum(axis=1) == 4).all()
    assert weights[:, 0].mean() == pytest.approx(1, abs=0.2)


def test_same_seed_same_weights():
    groups = np.arange(50) % 7
    assert (draw(groups) == draw(groups)).all()
    assert (draw(groups) != draw(groups, seed=2)).any()


def test_chunks_hold_all_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "CHUNK_CELLS", 40)
    chunks = list(resample_weights(np.arange(10), 11, 0))
    assert [len(chunk) for chunk in chunks] == [4, 4, 3]


def test_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).normal(size=400)
    mean = lambda weights: {"mean": weights @ values / weights.sum(axis=1)}  # noqa: E731
    low, high = intervals(mean, np.arange(400), 4000, seed=3)["mean"]
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.012)


def test_copies_within_groups_do_not_narrow_the_interval():
    values = np.random.default_rng(0).normal(size=60)
    many, groups = np.repeat(values, 10), np.repeat(np.arange(60), 10)

    def width(values, groups):
        low, high = intervals(lambda w: {"m": w @ values / w.sum(axis=1)}, groups, 1000, seed=3)["m"]
        return high - low

    assert width(many, groups) == pytest.approx(width(values, np.arange(60)))
    assert width(many, np.arange(600)) < width(many, groups) / 2


def test_undefined_resamples_take_no_part():
    of = lambda w: {"m": np.where(w[:, :2].any(axis=1), 2.0, np.nan), "none": w[:, 0] * np.nan}  # noqa: E731
    found = intervals(of, [0, 1, 2, 3], 50, 1)
    assert found["m"] == (2, 2)
    assert np.isnan(found["none"]).all()


def test_what_does_not_vary_has_limits_only_where_they_are_known():
    """Six groups; a model's kappa of 0 or share of .5 in each group says nothing of a seventh, an error of 0 does."""
    of = lambda w: {"kappa": 0 * w[:, 0], "share": 0 * w[:, 0] + 0.5, "error": 0 * w[:, 0], "one": 0 * w[:, 0] + 1}  # noqa: E731
    found = intervals(of, range(6), 50, 1, evidence={"error": 6, "one": 1, "share": 6})
    assert found.pop("error") == wilson(0, 6)
    assert np.isnan(list(found.values())).all()


def test_a_difference_that_does_not_vary_has_limits_only_where_it_is_none():
    of = lambda w: {"none": 0 * w[:, 0], "some": 0 * w[:, 0] + 0.5, "varies": w[:, 0]}  # noqa: E731
    found = {name: difference_limits(one) for name, one in distributions(of, range(6), 50, 1).items()}
    assert found["none"] == (0, 0) and np.isnan(found["some"]).all()
    assert found["varies"][0] < found["varies"][1]


def test_groups_of_the_rarest_class():
    assert rarest([0, 0, 1, 1, 1], ["a", "b", "c", "c", "a"]) == 2
    assert rarest([0, 0, 5], ["a", "b", "a"]) == 1
