"""The parts that segmentation and attributes are made of, on drawn shapes and small tables."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from hemapipe.cells import colour, masks, shape, texture
from hemapipe.cells.single import on_black
from hemapipe.cells.stain import stain_maps


def canvas(side=121):
    return np.zeros((side, side), np.uint8)


def drawn_disc(radius):
    return np.hypot(*(np.indices((121, 121)) - 60)) <= radius + 0.2


@pytest.mark.parametrize("radius", [8, 15, 30, 50])
def test_a_disc_is_round(radius):
    measured = shape.measure(drawn_disc(radius))
    assert measured.roundness == pytest.approx(1, abs=0.05)
    assert measured.solidity == pytest.approx(1, abs=0.05)
    assert measured.convexity == pytest.approx(1, abs=0.03)
    assert measured.eccentricity < 0.1


def test_a_square():
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    measured = shape.measure(mask)
    assert measured.roundness == pytest.approx(np.pi / 4, abs=0.05)
    assert measured.solidity == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("long", "short"), [(40, 20), (40, 30), (30, 10)])
def test_eccentricity_of_an_ellipse(long, short):
    mask = cv2.ellipse(canvas(), (60, 60), (long, short), 25, 0, 360, 1, -1).astype(bool)
    assert shape.measure(mask).eccentricity == pytest.approx(np.sqrt(1 - (short / long) ** 2), abs=0.02)


def test_a_notch_lowers_solidity():
    mask = drawn_disc(30)
    mask[60:, 55:66] = False
    measured = shape.measure(mask)
    assert measured.solidity < 0.92
    assert measured.roundness < 0.75
    assert measured.convexity < 0.85


def test_what_has_no_shape():
    nothing = shape.measure(np.zeros((9, 9), bool))
    assert nothing == shape.Shape(0, 0, 0, 0)
    assert shape.measure(np.eye(9, dtype=bool)[:2]) == nothing


@pytest.mark.parametrize(
    ("centres", "expected"),
    [
        ([(60, 60)], 1),
        ([(42, 60), (74, 60)], 2),  # fused: radius 18, 32 apart
        ([(56, 60), (64, 60)], 1),  # nearly one disc
        ([(25, 60), (95, 60)], 2),  # apart
        ([(30, 60), (60, 35), (90, 60)], 3),
    ],
)
def test_lobes(centres, expected):
    mask = canvas()
    for centre in centres:
        cv2.circle(mask, centre, 18, 1, -1)
    for a, b in pairwise(centres):
        cv2.line(mask, a, b, 1, 5)
    assert shape.lobes(mask.astype(bool)) == expected


def test_no_nucleus_no_lobes():
    assert shape.lobes(np.zeros((5, 5), bool)) == 0


def test_cooccurrence_of_a_checkerboard():
    grey = np.where(np.indices((20, 20)).sum(axis=0) % 2, 8, 0).astype(np.uint8)  # levels 0 and 1 of 32
    values = texture.cooccurrence(grey, np.ones((20, 20), np.int32))
    across, along = 2 * 20 * 19, 2 * 19 * 19  # pairs that differ, pairs that do not
    assert values["glcm_contrast"] == pytest.approx(across / (across + along))
    assert values["glcm_homogeneity"] == pytest.approx((along + across / 2) / (across + along))
    assert -0.1 < values["glcm_correlation"] < 0.1


def test_cooccurrence_knows_the_borders_of_nuclei():
    grey = np.zeros((10, 10), np.uint8)
    grey[:, 5:] = 200
    labels = np.ones((10, 10), np.int32)
    assert texture.cooccurrence(grey, labels)["glcm_contrast"] > 0
    labels[:, 5:] = 2
    assert texture.cooccurrence(grey, labels)["glcm_contrast"] == 0
    assert not any(texture.cooccurrence(grey, labels * 0).values())


def test_binary_patterns_are_shares():
    grey = np.random.default_rng(0).integers(0, 256, (30, 30), np.uint8)
    values = texture.binary_patterns(grey, drawn_disc(10)[45:75, 45:75])
    assert sum(values[f"lbp_{pattern}"] for pattern in range(10)) == pytest.approx(1)
    assert 0 < values["lbp_entropy"] <= np.log(10)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_nucleoli_are_counted(count):
    nucleus = drawn_disc(40)
    grey = np.random.default_rng(1).normal(60, 2, nucleus.shape)
    for x, y in ((45, 50), (75, 55), (60, 80))[:count]:
        grey[(np.hypot(*(np.indices(grey.shape) - np.array([y, x])[:, None, None]))) <= 6] = 110
    number, area = texture.nucleoli(np.clip(grey, 0, 255).astype(np.uint8), nucleus)
    assert number == count
    assert area == pytest.approx(count * np.pi * 6**2, rel=0.25)


def test_colour_moments_of_two_greys():
    image = np.zeros((2, 4, 3), np.uint8)
    image[:, 3] = 255
    values = colour.moments("x", colour.lab(image), np.ones((2, 4), bool))
    assert values["x_l_mean"] == pytest.approx(25, abs=0.01)
    assert values["x_l_sd"] == pytest.approx(100 * np.sqrt(3) / 4, abs=0.01)
    assert values["x_l_skew"] == pytest.approx(2 / np.sqrt(3), abs=0.01)  # a coin with p = 1/4
    assert values["x_a_mean"] == pytest.approx(0, abs=0.01)
    assert list(values) == list(colour.names("x"))


def test_touching_discs_are_parted_where_they_touch():
    mask = canvas()
    for x in (35, 75):
        cv2.circle(mask, (x, 60), 21, 1, -1)
    labels = masks.split_touching(mask.astype(bool), 10)
    assert labels.max() == 2
    assert labels[60, 35] != labels[60, 75]
    assert np.bincount(labels.ravel())[1:] == pytest.approx([np.pi * 21**2] * 2, rel=0.05)
    assert masks.split_touching(drawn_disc(30), 10).max() == 1
    assert masks.split_touching(drawn_disc(3), 10).max() == 1  # too small to have a centre, and still a cell
    assert masks.split_touching(np.zeros((5, 5), bool), 2).max() == 0


def test_holes_and_fragments():
    ring = drawn_disc(30) & ~drawn_disc(10)
    assert (masks.with_holes_filled(ring, 400) == drawn_disc(30)).all()
    assert (masks.with_holes_filled(ring, 100) == ring).all()
    assert not masks.without_small(drawn_disc(3), 50).any()


def test_nearest_label():
    labels = np.zeros((1, 9), np.int32)
    labels[0, 0], labels[0, 8] = 5, 7
    nearest, distance = masks.nearest_label(labels)
    assert nearest[0, [1, 7]].tolist() == [5, 7]
    assert distance[0, 2] == pytest.approx(2, abs=0.1)
    assert np.isinf(masks.nearest_label(labels * 0)[1]).all()


def test_otsu_parts_two_heaps():
    values = np.concatenate([np.full(100, 0.2), np.full(60, 0.8)])
    assert 0.2 < masks.otsu(values, 1.0) < 0.8
    assert masks.otsu(values[:0], 1.0) == 0


def test_the_empty_slide_has_no_density_under_any_lamp():
    yy, xx = np.mgrid[-1:1:90j, -1:1:90j]
    light = np.array([250, 235, 200])[None, None] * (1 - 0.12 * (xx**2 + yy**2) / 2)[:, :, None]
    image = np.rint(light).astype(np.uint8)
    cv2.circle(image, (45, 45), 12, (90, 45, 120), -1)
    maps = stain_maps(image)
    outside = np.hypot(xx, yy) > 0.4
    assert np.abs(maps.density[outside]).max() < 0.03
    assert maps.density[45, 45] > 0.8
    assert maps.purple[45, 45] > 0.5


def test_black_surround():
    image = np.zeros((50, 50, 3), np.uint8)
    image[20:30, 20:30] = 90
    assert on_black(image)
    assert not on_black(255 - image)
