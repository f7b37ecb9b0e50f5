"""Attributes with known answers, and those that must hold for any image."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemapipe.cells.attributes import NAMES, attributes, whole_cells
from hemapipe.cells.overlay import NUCLEUS, overlay
from hemapipe.cells.segment import Segmentation, segment


def disc(radius, size=None):
    size = size or 2 * radius + 11
    mask = np.zeros((size, size), np.uint8)
    cv2.circle(mask, (size // 2, size // 2), radius, 1, -1)
    return mask


def as_segmentation(nuclei, white_cells, red_cells=None):
    nothing = np.zeros(nuclei.shape, np.int32)
    red = nothing if red_cells is None else red_cells.astype(np.int32)
    background = (white_cells == 0) & (red == 0)
    return Segmentation(nuclei.astype(np.int32), white_cells.astype(np.int32), red, nothing, background, False)


def painted(segmentation):
    image = np.full((*segmentation.nuclei.shape, 3), 240, np.uint8)
    image[segmentation.red_cells > 0] = (200, 140, 140)
    image[segmentation.white_cells > 0] = (150, 165, 225)
    image[segmentation.nuclei > 0] = (90, 45, 150)
    return image


def measured(segmentation):
    return attributes(painted(segmentation), segmentation)


def test_concentric_discs():
    values = measured(as_segmentation(disc(30, 121), disc(40, 121)))
    assert values["has_white_cell"] == values["n_white"] == 1
    assert values["nc_ratio_mean"] == pytest.approx((30 / 40) ** 2, abs=0.01)
    assert values["nucleus_area_mean"] == pytest.approx(np.pi * 30**2 / 121**2, rel=0.02)
    assert values["nucleus_roundness_mean"] == pytest.approx(1, abs=0.03)
    assert values["nucleus_solidity_mean"] == pytest.approx(1, abs=0.03)
    assert values["nucleus_eccentricity_mean"] == pytest.approx(0, abs=0.1)
    assert values["nucleus_offset_mean"] == pytest.approx(0, abs=0.01)
    assert values["lobes_mean"] == 1
    assert values["nucleoli_mean"] == 0
    assert values["nucleus_area_sd"] == 0


def test_offset_of_an_eccentric_nucleus():
    nucleus = np.roll(disc(20, 121), 10, axis=1)
    assert measured(as_segmentation(nucleus, disc(40, 121)))["nucleus_offset_mean"] == pytest.approx(10 / 40, abs=0.01)


def test_even_nucleus_has_no_texture_and_its_own_colour():
    values = measured(as_segmentation(disc(30, 121), disc(40, 121)))
    assert (values["glcm_contrast"], values["glcm_energy"], values["glcm_homogeneity"]) == (0, 1, 1)
    assert values["lbp_8"] == 1  # flat: all eight neighbours are at least as bright
    assert values["lbp_entropy"] == 0
    red, green, blue = cv2.cvtColor(np.float32([[[90, 45, 150]]]) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    assert values["nucleus_l_mean"] == pytest.approx(red, abs=0.01)
    assert values["nucleus_a_mean"] == pytest.approx(green, abs=0.01)
    assert values["nucleus_b_mean"] == pytest.approx(blue, abs=0.01)
    assert values["nucleus_l_sd"] == pytest.approx(0, abs=1e-3)


def test_only_whole_cells_are_averaged():
    cells = np.zeros((100, 100), np.int32)
    cv2.circle(cells, (30, 50), 20, 1, -1)
    cv2.circle(cells, (99, 50), 10, 2, -1)
    assert whole_cells(cells).tolist() == [1]
    values = measured(as_segmentation(cells, cells))
    assert values["n_white"] == 2
    assert values["cell_area_mean"] == values["cell_area_max"] == (cells == 1).mean()
    assert whole_cells(np.where(cells == 2, 1, 0)).tolist() == [1]


def test_red_cells_and_shares():
    red = np.zeros((100, 100), np.int32)
    for number, x in enumerate((20, 50, 80), 1):
        cv2.circle(red, (x, 80), 8, number, -1)
    white = disc(15, 100)
    values = measured(as_segmentation(white, white, red))
    assert values["n_red"] == 3
    assert values["red_share"] == pytest.approx(3 * values["red_area"])
    assert values["white_share"] + values["red_share"] + values["background_share"] == pytest.approx(1)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_without_a_white_cell_all_that_describes_one_is_zero(grey):
    image = np.full((64, 64, 3), grey, np.uint8)
    values = attributes(image, segment(image))
    assert values["has_white_cell"] == values["n_white"] == 0
    described = [n for n in NAMES if n.startswith(("nucle", "cell_", "nc_", "lobes", "glcm", "lbp", "cytoplasm"))]
    assert not any(values[name] for name in described)


def test_names_are_fixed_unique_and_in_order():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    assert tuple(attributes(image, segment(image))) == NAMES
    assert len(set(NAMES)) == len(NAMES) == 81
    assert NAMES[0] == "has_white_cell"


def test_image_and_segmentation_must_fit():
    with pytest.raises(ValueError, match="its segmentation"):
        attributes(np.zeros((9, 9, 3), np.uint8), segment(np.zeros((8, 9, 3), np.uint8)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), side=st.integers(1, 80), blur=st.sampled_from([1, 5, 15]), dark=st.booleans())
def test_finite_for_any_image(seed, side, blur, dark):
    rng = np.random.default_rng(seed)
    image = np.ascontiguousarray(cv2.blur(rng.integers(0, 256, (side, side, 3), np.uint8), (blur, blur)))
    image = (image.reshape(side, side, 3) // (4 if dark else 1)).astype(np.uint8)
    values = attributes(image, segment(image))
    assert tuple(values) == NAMES
    assert np.isfinite(list(values.values())).all()


def field():
    rng = np.random.default_rng(3)
    image = np.full((160, 160, 3), (244, 240, 236), np.float32)
    for centre in ((45, 50), (110, 100)):
        cv2.circle(image, centre, 24, (150, 165, 225), -1)
        cv2.ellipse(image, centre, (19, 15), 30, 0, 360, (90, 45, 150), -1)
    for centre in ((120, 30), (30, 125), (75, 140)):
        cv2.circle(image, centre, 11, (200, 140, 140), -1)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 1) + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_changes_nothing_that_matters(turns):
    image = field()
    straight = attributes(image, segment(image))
    turned_image = np.ascontiguousarray(np.rot90(image, turns))
    turned = attributes(turned_image, segment(turned_image))
    assert straight["n_white"] == 2
    assert straight["n_red"] == 3
    for name in NAMES:
        scale = 0.02 if "skew" not in name else 0.2  # third moments of a few hundred pixels hang on the outermost
        assert turned[name] == pytest.approx(straight[name], rel=0.05, abs=scale), name


def test_overlay_draws_the_outline_and_leaves_the_image():
    image = field()
    before = image.copy()
    drawn = overlay(image, segment(image))
    assert (image == before).all()
    assert drawn.shape == image.shape
    assert (drawn == NUCLEUS).all(axis=2).sum() > 80
    assert overlay(image, segment(image), scale=3).shape == (480, 480, 3)
