"""Shares of whole units: the size asked for, with every class on both sides."""

import numpy as np
import pytest

from hemapipe.split.units import holdout, kfold


def units_of(counts: dict[str, int], each: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Labels and units of `counts` units per class, `each` images in a unit."""
    labels = np.repeat([name for name, n in counts.items() for _ in range(n)], each)
    return labels, np.repeat([f"u{i}" for i in range(sum(counts.values()))], each)


@pytest.mark.parametrize("frac", [0.02, 0.04, 0.1, 0.15, 0.2, 0.25, 0.5, 0.9, 0.98])
def test_the_share_is_the_one_asked_for(frac):
    labels, units = units_of({"a": 100, "b": 60})
    mask = holdout(labels, units, frac, seed=0, what="validation")
    assert mask.mean() == pytest.approx(frac, abs=0.02)


@pytest.mark.parametrize("n_small", [2, 3, 4])
@pytest.mark.parametrize("frac", [0.1, 0.2])
def test_a_small_class_does_not_make_the_share_large(n_small, frac):
    labels, units = units_of({"a": 40, "small": n_small})
    mask = holdout(labels, units, frac, seed=0, what="validation")
    assert mask[labels == "a"].mean() == pytest.approx(frac, abs=0.06)
    assert 0 < mask[labels == "small"].mean() < 1


def test_two_small_classes_are_on_both_sides():
    labels, units = units_of({"a": 40, "b": 2, "c": 2})
    for seed in range(10):
        mask = holdout(labels, units, 0.1, seed=seed, what="validation")
        for name in "abc":
            assert 0 < mask[labels == name].mean() < 1
        assert mask.mean() < 0.5


def test_units_of_one_row_are_rows():
    labels = np.array(["a", "b"] * 30)
    units = np.array([f"u{i}" for i in range(60)])
    for with_units, without in zip(kfold(labels, units, 3, 0), kfold(labels, None, 3, 0), strict=True):
        assert (with_units == without).all()
