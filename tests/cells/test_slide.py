"""An empty slide that is the same in every image, on drawn cells and on their squares."""

import cv2
import numpy as np
from test_segment import NUCLEUS, PAPER, RED, smear, white_cell

from hemapipe.cells.segment import segment
from hemapipe.cells.slide import NEUTRAL, neutralised
from hemapipe.preprocess.image import square
from hemapipe.preprocess.params import PreprocessParams


def field():
    image = smear(128)
    white_cell(image, (64, 64), 20, 15)
    for centre in ((20, 20), (105, 25), (25, 100), (104, 104)):
        cv2.circle(image, centre, 10, RED, -1)
    return image


def tinted(image):
    """The same field under a yellower lamp, whose light falls off to the right."""
    light = np.linspace(1, 0.9, image.shape[1])[None, :, None] * [1.0, 0.95, 0.8]
    return np.rint(image * light).astype(np.uint8)


def test_a_neutralised_image_has_no_light_of_its_own():
    image, other = field(), tinted(field())
    plain, again = (neutralised(one, segment(one)).astype(int) for one in (image, other))
    assert (plain[segment(image).background] == NEUTRAL).all()
    assert np.abs(plain - again).mean() < 0.1 * np.abs(image.astype(int) - other).mean()
    density = -np.log(plain[64, 64] / NEUTRAL)
    assert np.abs(density + np.log(np.array(NUCLEUS) / PAPER)).max() < 0.02  # Beer and Lambert: the cell's own


def test_a_cell_on_black_is_left_alone():
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:44, 20:44] = (150, 80, 160)
    assert (neutralised(image, segment(image)) == image).all()


def test_only_the_sides_that_are_named_are_neutral():
    params = PreprocessParams(px=[64, 128], neutral=[128], shape="stretch", contrast="none", stain="none")
    small, large = (square(tinted(field()), px, params) for px in (64, 128))
    assert (large[:4, 60:68] == NEUTRAL).all() and not (small[:4, 30:34] == NEUTRAL).any()
    assert (large == neutralised(tinted(field()), segment(tinted(field())))).all()


def test_the_letterbox_of_a_neutral_square_is_neutral_too():
    params = PreprocessParams(px=[128], neutral=[128], shape="letterbox", contrast="none", stain="none")
    boxed = square(np.pad(field(), ((0, 0), (64, 64), (0, 0)), mode="edge"), 128, params)
    assert (boxed[:24] == NEUTRAL).all() and (boxed[-24:] == NEUTRAL).all()
