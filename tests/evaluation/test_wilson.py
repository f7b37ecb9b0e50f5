"""Wilson's interval against SciPy and published values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hemapipe.evaluation.wilson import wilson


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.9, 0.95, 0.99]))
def test_equal_to_scipy(right, wrong, level):
    expected = binomtest(right, max(right + wrong, 1)).proportion_ci(level, method="wilson")
    if right + wrong:
        assert wilson(right, right + wrong, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe (1998), Stat. Med. 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_nothing_wrong_is_n_over_n_plus_z_squared():
    assert wilson(16, 16) == (pytest.approx(16 / (16 + 1.959964**2)), 1)
    assert wilson(0, 0) == (0, 1)


def test_more_successes_than_trials():
    with pytest.raises(ValueError, match="3 successes in 2 trials"):
        wilson(3, 2)
