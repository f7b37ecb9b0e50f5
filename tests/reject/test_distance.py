"""Distances from a Gaussian of known shape, and what cannot be fitted."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hemapipe.core.errors import HemapipeError
from hemapipe.reject.distance import Gaussian, fit


def drawn(n=400, d=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * np.array([5, 3] + [1] * (d - 2)) + 7


def test_distance_is_mahalanobis_over_the_number_of_features():
    gaussian = Gaussian(np.zeros(3), np.eye(3)[:1], np.array([4.0]), 0.5)
    assert gaussian.distance(np.array([[2.0, 0, 0], [0, 1, 1]])) == pytest.approx([1 / 3, 4 / 3])


def test_it_is_the_gaussian_of_probabilistic_components():
    """Twice the negative log density, less its constant, is d times the distance (scikit-learn's own PPCA)."""
    x = drawn()
    gaussian = fit(x, 2, 0)
    rest = np.eye(12) - gaussian.components.T @ gaussian.components
    covariance = gaussian.components.T @ np.diag(gaussian.variances) @ gaussian.components + gaussian.noise * rest
    density = multivariate_normal(gaussian.mean, covariance)
    expected = -2 * (density.logpdf(x) - density.logpdf(gaussian.mean)) / 12
    assert gaussian.distance(x) == pytest.approx(expected, abs=1e-9)


def test_training_images_are_near_one_and_strangers_far():
    x = drawn()
    gaussian = fit(x, 2, 0)
    assert gaussian.distance(x).mean() == pytest.approx(1, abs=0.05)
    assert gaussian.distance(x + 30).min() > np.quantile(gaussian.distance(x), 0.999)


@pytest.mark.parametrize(("x", "said"), [(drawn(5), "too few"), (np.ones((20, 4)), "do not differ")])
def test_what_tells_nothing_is_an_error(x, said):
    with pytest.raises(HemapipeError, match=said):
        fit(x, 2, 0)
