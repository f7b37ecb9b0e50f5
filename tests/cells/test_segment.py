"""Segmentation against drawn cells, synthetic truth and images that hold nothing."""

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemapipe.cells.agreement import agreement, dice
from hemapipe.cells.segment import segment
from hemapipe.smear import faults
from hemapipe.smear.archive import shoot
from hemapipe.smear.cohort import cohort
from hemapipe.smear.params import SyntheticParams

PAPER, RED, CYTOPLASM, NUCLEUS = (245, 240, 235), (200, 140, 140), (150, 165, 225), (90, 45, 150)


def smear(size=200):
    return np.full((size, size, 3), PAPER, np.uint8)


def white_cell(image, centre, cell=30, nucleus=22):
    cv2.circle(image, centre, cell, CYTOPLASM, -1)
    cv2.circle(image, centre, nucleus, NUCLEUS, -1)


def test_one_white_cell_and_its_red_neighbours():
    image = smear()
    white_cell(image, (100, 100))
    for centre in ((30, 30), (170, 40), (40, 160), (160, 170)):
        cv2.circle(image, centre, 15, RED, -1)
    found = segment(image)
    assert (found.white_cells.max(), found.red_cells.max(), found.platelets.max()) == (1, 4, 0)
    assert found.nuclei.sum() == pytest.approx(np.pi * 22**2, rel=0.05)
    assert (found.white_cells > 0).sum() == pytest.approx(np.pi * 30**2, rel=0.05)
    assert (found.red_cells > 0).sum() == pytest.approx(4 * np.pi * 15**2, rel=0.05)
    assert not found.single_cell


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_separate_cells_are_counted(count):
    image = smear(240)
    for index in range(count):
        white_cell(image, (40 + 80 * (index % 3), 40 + 80 * (index // 3)))
    assert segment(image).white_cells.max() == count


def test_touching_cells_are_parted_and_lobes_are_not():
    image = smear()
    white_cell(image, (60, 60))
    white_cell(image, (116, 60))
    cv2.circle(image, (100, 150), 30, CYTOPLASM, -1)  # one cell with a nucleus of two lobes
    for x in (87, 113):
        cv2.circle(image, (x, 150), 11, NUCLEUS, -1)
    found = segment(image)
    assert found.white_cells.max() == 3
    assert found.nuclei[150, 87] == found.nuclei[150, 113] != 0


def test_a_red_cell_with_pallor_is_one_disc():
    image = smear()
    cv2.circle(image, (100, 100), 16, RED, -1)
    cv2.circle(image, (100, 100), 6, PAPER, -1)
    found = segment(image)
    assert found.red_cells.max() == 1
    assert found.red_cells[100, 100] == 1
    assert found.white_cells.max() == 0


@pytest.mark.parametrize("colour", [(200, 140, 140), (170, 120, 125), (110, 140, 165), (150, 163, 184)])
def test_red_cells_of_any_stain_are_not_white_cells(colour):
    image = smear()
    for centre in ((50, 50), (150, 60), (90, 140)):
        cv2.circle(image, centre, 16, colour, -1)
    found = segment(image)
    assert (found.white_cells.max(), found.red_cells.max()) == (0, 3)


def test_a_cell_on_black_is_what_is_not_black():
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.circle(image, (100, 90), 50, (90, 90, 120), -1)
    cv2.circle(image, (105, 90), 38, (70, 20, 80), -1)
    found = segment(image)
    assert found.single_cell
    assert (found.white_cells > 0).sum() == pytest.approx(np.pi * 50**2, rel=0.02)
    assert (found.nuclei > 0).sum() == pytest.approx(np.pi * 38**2, rel=0.1)
    assert (found.background == (found.white_cells == 0)).all()


def test_a_blast_that_is_all_nucleus():
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.circle(image, (100, 90), 50, (70, 20, 80), -1)
    found = segment(image)
    assert (found.nuclei == found.white_cells).all()
    assert found.nuclei.max() == 1


@pytest.mark.parametrize("grey", [0, 1, 40, 128, 255])
def test_an_even_image_holds_no_cell(grey):
    found = segment(np.full((64, 96, 3), grey, np.uint8))
    assert not found.white_cells.any()
    assert not found.red_cells.any()


def test_a_large_image_gets_labels_of_its_own_size():
    image = cv2.resize(smear(), (900, 700))
    white_cell(image, (400, 300), 80, 60)
    found = segment(image)
    assert found.nuclei.shape == (700, 900)
    assert (found.nuclei > 0).sum() == pytest.approx(np.pi * 60**2, rel=0.05)


@pytest.mark.parametrize("image", [np.zeros((8, 8)), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ValueError, match="uint8 height × width × 3"):
        segment(image)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    smooth=st.booleans(),
    framed=st.booleans(),
)
def test_labels_fit_together_on_any_image(seed, height, width, smooth, framed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    if smooth:
        image = np.ascontiguousarray(cv2.blur(image, (9, 9))).reshape(height, width, 3)
    if framed:
        image[[0, -1]] = image[:, [0, -1]] = 0
    found = segment(image)
    for labels in (found.nuclei, found.white_cells, found.red_cells, found.platelets):
        assert labels.shape == (height, width)
        assert labels.dtype == np.int32
    inside = found.nuclei > 0
    assert (found.white_cells[inside] == found.nuclei[inside]).all()
    assert set(np.unique(found.white_cells)) - {0} == set(np.unique(found.nuclei)) - {0}
    layers = [found.white_cells > 0, found.red_cells > 0, found.platelets > 0, found.background]
    assert np.sum(layers, axis=0).max() <= 1


def test_dice_known_answers():
    a, b = np.array([1, 1, 0, 0], bool), np.array([0, 1, 1, 0], bool)
    assert dice(a, b) == 0.5
    assert dice(a, a) == 1.0
    assert dice(a & False, b & False) == 1.0


def test_agreement_with_the_synthetic_truth():
    """The bars of the project, over two fields of each patient of the default cohort at 128 px."""
    params = SyntheticParams(n_patients=20, n_images=60)
    shots = [shot for patient in cohort(params, 2026) for shot in shoot(patient, params)[:3]]
    assert len(shots) >= 40
    scores = pd.DataFrame([agreement(segment(faults.decode(s.data)), s.label, s.instance) for s in shots])
    assert scores["nucleus_dice"].mean() >= 0.90
    assert scores["cell_dice"].mean() >= 0.85
    assert (scores["count_error"].abs() <= 1).mean() >= 0.90
    assert scores["nc_error"].abs().mean() <= 0.06
