"""McNemar's mid-p and Holm against published and reference values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from hemapipe.evaluation.paired import holm, mcnemar_mid_p


def test_the_published_example():
    """Fagerland et al. (2013), airway hyper-responsiveness: 1 against 7, exact .0703, mid-p .0391."""
    assert mcnemar_mid_p(1, 7) == mcnemar_mid_p(7, 1) == pytest.approx(0.0390625)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mid_p_is_the_exact_p_less_the_chance_of_what_was_seen(first, second):
    n, fewer = first + second, min(first, second)
    if first != second:
        exact = binomtest(fewer, n, 0.5).pvalue  # statsmodels' mcnemar(exact=True) is the same
        assert mcnemar_mid_p(first, second) == pytest.approx(exact - binom.pmf(fewer, n, 0.5), abs=1e-12)
    else:
        assert mcnemar_mid_p(first, second) == pytest.approx(1)


def test_holm_is_statsmodels_holm():
    """statsmodels 0.15.0: multipletests([.01, .04, .03, .005, .5, .011], method='holm')."""
    assert holm([0.01, 0.04, 0.03, 0.005, 0.5, 0.011]) == pytest.approx([0.05, 0.09, 0.09, 0.03, 0.5, 0.05])


def test_holm_counts_only_tests_that_were_made():
    assert holm([0.02, np.nan, 0.03]) == pytest.approx([0.04, np.nan, 0.04], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).shape == (0,)
