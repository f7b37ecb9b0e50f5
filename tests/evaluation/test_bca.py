"""BCa limits against SciPy's, the widening by hand, and p values against the t test."""

import numpy as np
import pytest
from scipy import stats

from hemapipe.evaluation.bca import Distribution, acceleration, jackknife_error
from hemapipe.evaluation.bootstrap import distributions


def mean_of(values):
    return lambda weights: {"mean": weights @ values / weights.sum(axis=1)}


def skewed(n=50, seed=4):
    return np.random.default_rng(seed).exponential(size=n)


def test_limits_are_scipys_at_the_widened_level():
    values = skewed()
    ours = distributions(mean_of(values), np.arange(50), 20_000, seed=1)["mean"].interval(0.95)
    tail = stats.norm.cdf(-np.sqrt(50 / 49) * stats.t.ppf(0.975, 49))
    rng = np.random.default_rng(2)
    scipys = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, confidence_level=1 - 2 * tail, method="BCa", rng=rng
    ).confidence_interval
    assert ours == pytest.approx((scipys.low, scipys.high), abs=0.02)
    assert scipys.high - values.mean() > 1.15 * (values.mean() - scipys.low)  # the case is skewed, so it tells


def test_acceleration_of_a_mean_is_its_skewness():
    values = skewed()
    left_out = (values.sum() - values) / 49
    assert acceleration(left_out) == pytest.approx(stats.skew(values) / (6 * np.sqrt(50)))
    assert acceleration(np.full(5, 2.0)) == acceleration(np.array([])) == 0


def test_blocks_estimate_the_acceleration_of_single_groups():
    values = skewed(2000)
    found = distributions(mean_of(values), np.arange(2000), 10, seed=1)["mean"].acceleration
    assert found == pytest.approx(stats.skew(values) / (6 * np.sqrt(2000)), rel=0.6)
    assert found > 0


def symmetric(shift=0.0, n_groups=40, slope=0.0):
    draws = stats.norm.ppf((np.arange(4000) + 0.5) / 4000) + shift
    return Distribution(shift, draws, slope, n_groups, standard_error=1.0)


def test_symmetric_draws_give_students_interval():
    inflated = np.sqrt(40 / 39)  # what turns the draws' spread into the standard error
    low, high = symmetric(3.0).interval()
    half = inflated * stats.t.ppf(0.975, 39)
    assert (low, high) == pytest.approx((3 - half, 3 + half), abs=0.01)


def test_p_of_a_mean_is_that_of_the_t_test():
    values = np.random.default_rng(3).normal(0.4, 1, 12)
    found = distributions(mean_of(values), np.arange(12), 500, seed=1)["mean"]
    assert found.standard_error == pytest.approx(stats.sem(values))
    for null in (0.0, 0.3, values.mean()):
        assert found.p_value(null) == pytest.approx(stats.ttest_1samp(values, null).pvalue)


@pytest.mark.parametrize(("shift", "degrees"), [(2.0, None), (50.0, None), (50.0, 3)])
def test_p_is_students_also_beyond_all_draws(shift, degrees):
    expected = 2 * stats.t.sf(shift, 39 if degrees is None else degrees)
    assert symmetric(shift).p_value(degrees=degrees) == pytest.approx(expected)


def test_where_all_groups_say_the_same_p_is_the_sign_tests():
    found = distributions(mean_of(np.full(8, 0.3)), np.arange(8), 50, seed=1)["mean"]
    assert found.p_value() == stats.binomtest(8, 8).pvalue


def test_what_one_group_carries_has_no_error_no_limits_and_no_p():
    held = np.array([1.0, 0, 0, 0])

    def scorer(weights):
        with np.errstate(invalid="ignore"):
            return {"m": (weights @ (0.05 * held)) / (weights @ held)}

    found = distributions(scorer, np.arange(4), 200, seed=1)["m"]
    assert (found.value, len(found.draws) > 100) == (0.05, True)
    assert np.isnan([found.standard_error, found.p_value(), *found.interval()]).all()
    assert np.isnan(jackknife_error(np.array([1.0])))


def test_few_groups_widen():
    widths = [np.ptp(symmetric(n_groups=n).interval()) for n in (5, 16, 40, 4000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96, abs=0.01)


def test_undefined_is_nan_and_no_difference_at_all_has_p_one():
    nothing = Distribution(float("nan"), np.array([]), 0.0, 9, float("nan"))
    assert np.isnan(nothing.interval()).all() and np.isnan(nothing.p_value())
    one_group = Distribution(0.5, np.full(10, 0.5), 0.0, 1, 0.1)
    assert np.isnan(one_group.interval()).all() and np.isnan(one_group.p_value())
    assert Distribution(0.0, np.zeros(10), 0.0, 9, 0.0).p_value() == 1
    assert Distribution(0.5, np.full(10, 0.5), 0.0, 9, 0.0).interval() == (0.5, 0.5)
