"""Feature files and the sample table: who has which row."""

import numpy as np
import pandas as pd
import pytest

from hemapipe.augment.transform import apply
from hemapipe.core.errors import HemapipeError
from hemapipe.features.store import load_features, planned_variants
from hemapipe.features.variants import VariantImages
from hemapipe.samples import load_samples


@pytest.fixture
def samples(manifest, augment) -> pd.DataFrame:
    return load_samples(manifest, augment)


@pytest.fixture
def folders(tmp_path):
    """Sets a (2 columns) and b (1 column) of 7 images, without variants; a set's value names the row."""
    originals, variants = tmp_path / "features", tmp_path / "variants"
    for folder in (originals, variants):
        folder.mkdir()
    np.save(originals / "a.npy", np.stack([np.arange(7), 10 + np.arange(7)], axis=1).astype(np.float32))
    np.save(originals / "b.npy", 20 + np.arange(7, dtype=np.float32)[:, None])
    for name in "ab":
        np.save(variants / f"{name}.npy", np.zeros((0, 0), np.float32))
    return originals, variants


def test_variants_are_listed_once_in_order(augment):
    listed = planned_variants(augment)
    assert list(zip(listed["image_id"], listed["variant"], strict=True)) == [("i0", 1), ("i0", 2), ("i4", 1)]
    assert list(listed.index) == [0, 1, 2]


def test_variant_images_are_the_planned_transforms(packed, manifest, augment):
    images = VariantImages(packed, manifest, augment)
    assert len(images) == 3
    got = images[0:3]
    np.testing.assert_array_equal(got[0], packed[0][:, ::-1])
    np.testing.assert_array_equal(got[1], packed[0][::-1, ::-1])
    np.testing.assert_array_equal(got[2], packed[3][:, ::-1])  # i4 is the fourth decodable image
    np.testing.assert_array_equal(images[1:2][0], apply(packed[0], planned_variants(augment).iloc[1]))


def test_sets_stand_side_by_side_and_twice_means_once(samples, folders):
    both = load_features(samples, 7, ["a", "b"], *folders)
    np.testing.assert_array_equal(both.values[3], [3, 13, 23])
    assert load_features(samples, 7, ["b", "b"], *folders).values.shape == (7, 1)


def test_without_variant_features_only_originals_have_a_place(samples, folders):
    position = load_features(samples, 7, ["a", "a"], *folders).position
    assert set(position.index) == set(samples.index[samples["variant"] == 0])
    assert (position == samples.loc[position.index, "row"]).all()


def test_variants_find_their_rows_in_every_fold(samples, folders):
    for name, width in (("a", 2), ("b", 1)):
        np.save(folders[1] / f"{name}.npy", np.full((3, width), [[100], [200], [300]], np.float32))
    values, position = load_features(samples, 7, ["a", "b"], *folders)
    assert list(position.index) == list(samples.index)
    first = pd.Series(values[position, 0], index=samples.index)
    for (image, variant), expected in {("i0", 1): 100, ("i0", 2): 200, ("i4", 1): 300, ("i4", 0): 3}.items():
        rows = (samples["image_id"] == image) & (samples["variant"] == variant)
        assert rows.any() and (first[rows] == expected).all()


def test_files_that_do_not_fit_are_refused(samples, folders):
    with pytest.raises(HemapipeError, match="has 7 rows, not 8"):
        load_features(samples, 8, ["a", "b"], *folders)
    np.save(folders[1] / "b.npy", np.zeros((2, 1), np.float32))
    with pytest.raises(HemapipeError, match="has 2 rows, not 0 or 3"):
        load_features(samples, 7, ["a", "b"], *folders)
    with pytest.raises(HemapipeError, match=r"c\.npy not found"):
        load_features(samples, 7, ["c", "c"], *folders)


def test_values_that_are_not_finite_are_refused(samples, folders):
    np.save(folders[0] / "b.npy", np.array([[0]] * 6 + [[np.nan]], np.float32))
    with pytest.raises(HemapipeError, match="not finite"):
        load_features(samples, 7, ["a", "b"], *folders)
