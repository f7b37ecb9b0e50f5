"""Shares of maps on cells and background, and the images that are explained."""

import numpy as np
import pandas as pd
import pytest

from hemapipe.cells.segment import Segmentation
from hemapipe.explain import regions
from hemapipe.explain.sample import choose, held_out


def quarters() -> Segmentation:
    """Four quarters of 4×4 px: nucleus, cytoplasm, red cell, empty."""
    nuclei, white, red = (np.zeros((4, 4), np.int32) for _ in range(3))
    nuclei[:2, :2], white[:2], red[2:, :2] = 1, 1, 1
    nothing = np.zeros((4, 4), np.int32)
    return Segmentation(nuclei, white, red, nothing, (white == 0) & (red == 0), False)


def test_every_pixel_is_in_one_region():
    masks = regions.masks(quarters())
    assert (masks.sum(axis=0) == 1).all()
    assert masks.sum(axis=(1, 2)).tolist() == [4, 4, 4, 4]


def test_shares_of_known_maps():
    parts = np.stack([regions.masks(quarters())] * 3)
    maps = np.zeros((3, 4, 4))
    maps[0] = 1
    maps[1, :2, :2], maps[1, 2:, 2:] = 3, 1
    found = regions.shares(maps, parts)
    np.testing.assert_allclose(found[:2], [[0.25] * 4, [0.75, 0, 0, 0.25]])
    assert np.isnan(found[2]).all()


def test_ratio_is_one_for_a_map_that_marks_everything_alike_and_empty_maps_are_left_out():
    parts = np.stack([regions.masks(quarters())] * 6)
    area, groups = regions.areas(parts), np.array(list("aabbcc"))
    flat = regions.shares(np.ones((6, 4, 4)), parts)
    flat[0] = np.nan
    assert {name: one[0] for name, one in regions.ratios(flat, area, groups, 50, 0).items()} == pytest.approx(
        dict.fromkeys(regions.REGIONS, 1.0)
    )
    assert regions.ratios(np.full((6, 4), np.nan), area, groups, 50, 0) == {}


def test_ratio_weighs_images_alike_and_has_an_interval_over_groups():
    shares = np.array([[0.1, 0.1, 0.1, 0.7], [0.2, 0.1, 0.1, 0.6], [0.1, 0.0, 0.1, 0.8], [0.0, 0.1, 0.1, 0.8]])
    area = np.array([[0.2, 0.1, 0.2, 0.5]] * 4)
    value, low, high = regions.ratios(shares, area, np.arange(4), 400, 0)["background"]
    assert value == pytest.approx(0.725 / 0.5) and 1 < low < value < high


def test_a_region_that_no_image_has_is_left_out():
    shares, area = np.array([[0, 0, 0.5, 0.5]] * 3), np.array([[0, 0, 0.2, 0.8]] * 3)
    assert set(regions.ratios(shares, area, np.arange(3), 50, 0)) == {"other_cells", "background"}


@pytest.fixture
def tables():
    """Twelve images of two classes, patients of unequal size; the last has no label, the first is trained on."""
    ids = [f"i{n:02d}" for n in range(14)]
    manifest = pd.DataFrame({"image_id": ids, "label": ["b", *"aabb" * 3, ""]})
    drawn = pd.DataFrame({"image_id": ids, "group": ["g0", *["g1", "g2"] * 2, *["g1", "g3"] * 4, "g4"]})
    samples = pd.DataFrame(
        {"image_id": ids, "row": range(14), "variant": 0, "fold": 0, "role": ["train"] + ["test"] * 13}
    )
    return samples, manifest, drawn


def test_only_labelled_test_images_of_fold_0_are_explained(tables):
    rows = held_out(*tables)
    assert rows["image_id"].to_list() == [f"i{n:02d}" for n in range(1, 13)]
    assert set(rows.columns) == {"image_id", "row", "label", "group"}


def test_the_chosen_are_of_every_class_and_of_as_many_groups_as_there_are(tables):
    rows = held_out(*tables)
    found = choose(rows, 6, seed=3)
    assert found["label"].to_list() == ["a"] * 3 + ["b"] * 3
    for _, part in found.groupby("label"):
        assert part["group"].nunique() == min(3, rows[rows["label"] == part["label"].iloc[0]]["group"].nunique())
    pd.testing.assert_frame_equal(found, choose(rows, 6, seed=3))
    assert len(choose(rows, 1, seed=3)) == 2
    assert len(choose(rows, 99, seed=3)) == 12
