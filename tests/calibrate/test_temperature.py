"""Temperature scaling against what is known: the temperature that was put in comes out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hemapipe.calibrate.temperature import HIGHEST, LOWEST, apply_temperature, fit_temperature, negative_log_likelihood

probabilities = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(2, 4)), elements=st.floats(1e-6, 1)
).map(lambda a: a / a.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    "p, temperature, expected",
    [
        ([0.8, 0.2], 1, [0.8, 0.2]),
        ([0.8, 0.2], 2, [2 / 3, 1 / 3]),  # square roots: 2 to 1
        ([0.75, 0.25], 0.5, [0.9, 0.1]),  # squares: 9 to 1
        ([1, 0, 0], 1, [1, 0, 0]),
        ([0.5, 0.25, 0.25], 0.5, [2 / 3, 1 / 6, 1 / 6]),
    ],
)
def test_known_answers(p, temperature, expected):
    np.testing.assert_allclose(apply_temperature(np.array([p], float), temperature)[0], expected, atol=1e-12)


def test_a_temperature_per_row():
    p = np.array([[0.8, 0.2], [0.75, 0.25]])
    np.testing.assert_allclose(apply_temperature(p, np.array([2, 0.5])), [[2 / 3, 1 / 3], [0.9, 0.1]])


@given(probabilities, st.floats(LOWEST, HIGHEST))
def test_rows_stay_distributions_in_the_same_order(p, temperature):
    scaled = apply_temperature(p, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    assert (scaled.argmax(axis=1) == p.argmax(axis=1)).all() or np.isclose(np.sort(p)[:, -1], np.sort(p)[:, -2]).any()
    assert (np.diff(np.take_along_axis(scaled, p.argsort(axis=1), 1), axis=1) >= -1e-12).all()


@given(probabilities, st.floats(0.2, 5), st.floats(0.2, 5))
def test_temperatures_multiply(p, one, other):
    np.testing.assert_allclose(
        apply_temperature(apply_temperature(p, one), other), apply_temperature(p, one * other), atol=1e-6
    )


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 2.5, 8.0])
def test_the_temperature_put_in_comes_out(true_temperature):
    """Labels are drawn from p; a model that reports softmax(T log p) is over-confident by T."""
    random = np.random.default_rng(0)
    honest = random.dirichlet([1, 1, 1], 20_000)
    y = (random.random((20_000, 1)) > honest.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    reported = apply_temperature(honest, 1 / true_temperature)
    assert fit_temperature(reported, y) == pytest.approx(true_temperature, rel=0.05)


@given(probabilities, st.integers(0, 10))
def test_fitting_never_makes_the_likelihood_worse(p, seed):
    y = np.random.default_rng(seed).integers(0, p.shape[1], len(p))
    after = negative_log_likelihood(apply_temperature(p, fit_temperature(p, y)), y)
    assert after <= negative_log_likelihood(p, y) + 1e-6


def test_a_model_that_is_always_right_is_left_alone_and_one_always_wrong_stops_at_the_bound():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(p, np.array([0, 1])) == 1
    tied = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])  # a tie is the same at every temperature
    assert fit_temperature(tied, np.array([0, 0, 1])) == fit_temperature(tied, np.array([1, 0, 1])) == 1
    assert fit_temperature(p, np.array([1, 0])) == pytest.approx(HIGHEST, rel=0.01)


def test_one_mistake_is_enough_to_fit():
    """Nine of ten right at 60 %: the odds that fit are 9 to 1, which is 3 to 2 to the power of log 9 / log 1.5."""
    p = np.tile([0.6, 0.4], (10, 1))
    assert fit_temperature(p, np.array([0] * 9 + [1])) == pytest.approx(np.log(1.5) / np.log(9), rel=1e-3)


def test_negative_log_likelihood_is_the_mean_over_rows():
    p = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert negative_log_likelihood(p, np.array([0, 0])) == pytest.approx((np.log(2) + np.log(4)) / 2)
