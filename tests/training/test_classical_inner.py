"""Inner folds: whole groups, every class left to learn from, and what happens with too few groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemapipe.core.errors import HemapipeError
from hemapipe.training.classical.inner import inner_folds


@given(st.integers(0, 1000), st.integers(4, 12), st.integers(30, 90))
def test_no_unit_is_cut_and_no_class_missing(seed, n_groups, n_rows):
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, n_rows)
    y[:6] = [0, 1, 2, 0, 1, 2]
    groups = random.integers(0, n_groups, n_rows).astype(str)
    images = np.arange(n_rows).astype(str)
    folds = inner_folds(y, groups, images, seed)
    assert len(np.unique(folds)) >= 2
    for fold in np.unique(folds):
        assert set(y[folds != fold]) == {0, 1, 2}
    cut = any(len(set(folds[groups == group])) > 1 for group in set(groups))
    groups_of_a_class = min(len(set(groups[y == name])) for name in range(3))
    assert not cut or groups_of_a_class < 3  # only too few groups may be cut


def test_a_class_of_one_group_keeps_images_whole():
    y = np.array([0] * 8 + [1] * 8)
    groups = np.array(["a"] * 8 + ["b", "c"] * 4)
    images = np.repeat(np.arange(8), 2).astype(str)  # each image and its variant
    folds = inner_folds(y, groups, images, 0)
    assert (folds[::2] == folds[1::2]).all()
    assert len(np.unique(folds)) == 4


def test_the_result_is_that_of_the_seed():
    y, units = np.arange(40) % 2, np.arange(40).astype(str)
    np.testing.assert_array_equal(inner_folds(y, units, units, 3), inner_folds(y, units, units, 3))
    assert (inner_folds(y, units, units, 3) != inner_folds(y, units, units, 4)).any()


def test_a_single_image_of_a_class_is_refused():
    units = np.array(list("abcdef"))
    with pytest.raises(HemapipeError, match="two training images of every class"):
        inner_folds(np.array([0, 0, 0, 0, 0, 1]), units, units, 0)
