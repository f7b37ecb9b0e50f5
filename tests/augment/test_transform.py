"""Known answers of every op, on pixels."""

import cv2
import numpy as np
import pytest

from hemapipe.augment.draw import NEUTRAL
from hemapipe.augment.transform import apply


@pytest.fixture
def image() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (5, 5), 0)


def do(image, **ops) -> np.ndarray:
    return apply(image, {**NEUTRAL, **ops})


def test_neutral_is_a_copy(image):
    result = do(image)
    assert (result == image).all() and not np.shares_memory(result, image)


def test_flip_is_left_to_right_and_its_own_inverse(image):
    assert (do(image, flip=1) == image[:, ::-1]).all()
    assert (do(do(image, flip=1), flip=1) == image).all()


def test_four_quarter_turns_are_none(image):
    turned = image
    for _ in range(4):
        turned = do(turned, turns=1)
    assert (turned == image).all() and (do(image, turns=4) == image).all()
    assert (do(image, turns=1) == np.rot90(image)).all()


def test_flip_comes_before_the_turn(image):
    assert (do(image, flip=1, turns=1) == np.rot90(image[:, ::-1])).all()
    assert (do(image, flip=1, turns=2) == image[::-1]).all()  # top to bottom


def test_quarter_rotation_equals_quarter_turn(image):
    assert np.abs(do(image, angle=90).astype(int) - do(image, turns=1)).max() <= 1


def test_rotation_there_and_back_restores_the_centre(image):
    smooth = cv2.GaussianBlur(image, (9, 9), 3)
    back = do(do(smooth, angle=20), angle=-20)
    assert np.abs(back.astype(int) - smooth)[10:22, 10:22].max() <= 4


def test_crop_corners_are_the_corners_enlarged(image):
    enlarged = cv2.resize(image[:16, 16:], (32, 32))
    cropped = do(image, crop=0.5, crop_x=1.0, crop_y=0.0)
    assert np.abs(cropped.astype(int) - enlarged)[2:-2, 2:-2].max() <= 1


def test_zoom_is_the_centred_crop(image):
    assert np.abs(do(image, zoom=2.0).astype(int) - do(image, crop=0.5, crop_x=0.5, crop_y=0.5)).max() <= 1


def test_outside_is_the_mirrored_image(image):
    smaller = do(image, zoom=0.5)
    middle = do(image, zoom=0.5)[8:24, 8:24]
    assert np.abs(smaller[8:24, 7:3:-1].astype(int) - middle[:, :4]).mean() < 12  # mirrored at its left edge
    assert smaller[0].min() > 0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_an_oblong_image_keeps_its_size(turns):
    image = np.zeros((20, 30, 3), np.uint8)
    assert do(image, turns=turns, angle=10, crop=0.9).shape == image.shape
