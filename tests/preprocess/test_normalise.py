"""Geometry, contrast and stain on phantoms whose answers are known."""

import cv2
import numpy as np
import pytest

from hemapipe.core.params import check
from hemapipe.preprocess import contrast, geometry, stain
from hemapipe.preprocess.image import square
from hemapipe.preprocess.params import PreprocessParams

PLAIN = {"px": [32], "neutral": [], "shape": "stretch", "contrast": "none", "stain": "none"}


def params(**changes) -> PreprocessParams:
    return check(PreprocessParams, {**PLAIN, **changes}, "preprocess")


def film(px=64, seed=0, strength=1.0) -> np.ndarray:
    """Mix two stains by Beer–Lambert: purple discs and pink discs on white, with known vectors."""
    random = np.random.default_rng(seed)
    amounts = np.zeros((px, px, 2))
    for number in range(24):
        disc = np.zeros((px, px), np.uint8)
        cv2.circle(disc, tuple(random.integers(0, px, 2).tolist()), 6, 1, -1)
        amounts[..., number % 2] = np.maximum(amounts[..., number % 2], disc * random.uniform(0.6, 1.0))
    density = strength * amounts @ np.array([[0.7, 0.9, 0.25], [0.3, 0.8, 0.45]])
    return np.rint(240 * np.exp(-density)).astype(np.uint8)


def on_black(image: np.ndarray) -> np.ndarray:
    """Cut a disc out and put it on black, as C-NMC does."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(mask, (image.shape[1] // 2, image.shape[0] // 2), image.shape[0] // 3, 1, -1)
    return image * mask[..., None]


METHODS = [contrast.clahe, contrast.minmax, stain.reinhard, stain.macenko]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("grey", [0, 5, 128, 255])
def test_a_blank_image_passes_through(method, grey):
    blank = np.full((32, 32, 3), grey, np.uint8)
    assert (method(blank) == blank).all()


@pytest.mark.parametrize("method", METHODS)
def test_black_surround_stays_and_does_not_count(method):
    cell = on_black(film(strength=1.5))
    result = method(cell)
    surround = cell.max(axis=2) <= contrast.BLACK
    assert (result[surround] == cell[surround]).all()
    assert (result[~surround] != cell[~surround]).any()
    wider = np.pad(cell, ((0, 0), (32, 32), (0, 0)))
    if method is not contrast.clahe:  # its tiles follow the frame
        assert (method(wider)[:, 32:-32] == result).all()


def test_minmax_uses_the_whole_range_of_each_channel():
    image = np.stack([np.linspace(a, b, 256).reshape(16, 16) for a, b in ((50, 100), (20, 220), (90, 90))], 2)
    result = contrast.minmax(image.astype(np.uint8))
    assert [tuple(np.quantile(result[..., c], [0, 1])) for c in range(3)] == [(0, 255), (0, 255), (90, 90)]


def test_clahe_widens_a_faint_contrast():
    faint = (film().astype(float) * 0.2 + 150).astype(np.uint8)
    assert contrast.clahe(faint).std() > 1.15 * faint.std()


def test_reinhard_reaches_the_reference():
    result = stain.reinhard(film(128, strength=0.5))
    lab = cv2.cvtColor(result.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    mean, sd = stain.REFERENCE_LAB
    assert np.abs(lab.mean(axis=0) - mean).max() < 5 and np.abs(lab.std(axis=0) - sd).max() < 6


def test_macenko_finds_the_stains_it_was_given():
    image = film(128)
    density = -np.log(image.reshape(-1, 3) / 240)
    vectors = stain._stain_vectors(density[(density > 0.15).all(axis=1)])
    truth = np.array([[0.7, 0.9, 0.25], [0.3, 0.8, 0.45]]).T
    truth /= np.linalg.norm(truth, axis=0)
    assert np.abs(vectors - truth).max() < 0.03


@pytest.mark.parametrize("method", [stain.reinhard, stain.macenko])
def test_two_slides_of_one_field_become_alike(method):
    pale, strong = film(strength=0.9), film(strength=1.5)
    before = np.abs(pale.astype(int) - strong).mean()
    assert np.abs(method(pale).astype(int) - method(strong)).mean() < 0.4 * before


@pytest.mark.parametrize("size, expected", [((40, 20), (16, 32)), ((20, 40), (32, 16)), ((500, 3), (1, 32))])
def test_letterbox_keeps_proportions(size, expected):
    assert geometry.letterbox_size(np.zeros((*size, 3)), 32) == expected


def test_letterbox_centres_on_the_colour_of_the_border():
    image = np.full((20, 40, 3), (250, 240, 230), np.uint8)
    image[5:15, 10:30] = 0
    boxed = square(image, 32, params(shape="letterbox"))
    assert boxed.shape == (32, 32, 3)
    assert (boxed[:8] == (250, 240, 230)).all() and (boxed[24:] == (250, 240, 230)).all()
    assert (boxed[13:19, 9:23] == 0).all()
    assert (square(on_black(image), 32, params(shape="letterbox"))[:8] == 0).all()


def test_shrinking_averages_areas_and_equal_size_changes_nothing():
    checkers = (np.indices((64, 64)).sum(0) % 2 * 200).astype(np.uint8)[..., None].repeat(3, 2)
    assert (square(checkers, 32, params()) == 100).all()
    assert (square(checkers, 64, params(px=[64])) == checkers).all()
    assert square(checkers[:10, :50], 32, params()).shape == (32, 32, 3)


def test_every_combination_gives_a_square():
    for shape in ("stretch", "letterbox"):
        for way in ("none", "clahe", "minmax"):
            for kind in ("none", "reinhard", "macenko"):
                result = square(film()[:40], 32, params(shape=shape, contrast=way, stain=kind))
                assert result.shape == (32, 32, 3) and result.dtype == np.uint8
