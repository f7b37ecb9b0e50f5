from dataclasses import replace

import numpy as np
import pytest

from hemapipe.smear.canvas import Canvas, inside, outline
from hemapipe.smear.cells import draw_red, draw_white
from hemapipe.smear.cohort import cohort, slide
from hemapipe.smear.field import render
from hemapipe.smear.morphology import WhiteCell
from hemapipe.smear.params import SyntheticParams


def _canvas(seed=0):
    return Canvas(200, 5.0, np.random.default_rng(seed))  # 40 µm


@pytest.mark.parametrize("nc_ratio", [0.5, 0.7, 0.85])
def test_a_white_cell_has_the_size_and_ratio_asked_for(nc_ratio):
    ratios, radii = [], []
    for seed in range(12):
        canvas = _canvas(seed)
        draw_white(canvas, 20, 20, 1, WhiteCell("lymphoid", 6.5, nc_ratio, 0.3, 1, 0.01, 0.7))
        cell = canvas.instance == 1
        ratios.append((canvas.label == 3).sum() / cell.sum())
        radii.append(np.sqrt(cell.sum() / np.pi) / canvas.scale)
    assert np.mean(ratios) == pytest.approx(nc_ratio, abs=0.04)
    assert np.mean(radii) == pytest.approx(6.5, rel=0.04)


def test_chromatin_is_coarser_and_darker_in_mature_nuclei_and_nucleoli_are_paler():
    spread, depth = {}, {}
    for clumping in (0.1, 0.95):
        canvas = _canvas()
        draw_white(canvas, 20, 20, 1, WhiteCell("lymphoid", 6, 0.8, clumping, 0, 0.01, 0.7))
        density = canvas.nucleus[canvas.label == 3]
        spread[clumping], depth[clumping] = density.std(), density.mean()
    assert spread[0.95] > 1.5 * spread[0.1] and depth[0.95] > 1.2 * depth[0.1]
    with_nucleoli, without = _canvas(3), _canvas(3)
    for canvas, n in ((with_nucleoli, 3), (without, 0)):
        draw_white(canvas, 20, 20, 1, WhiteCell("lymphoid", 7, 0.85, 0.1, n, 0.01, 0.7))
    assert (without.nucleus - with_nucleoli.nucleus).max() > 0.2
    assert with_nucleoli.nucleoli == {1: 3}


def test_red_cells_have_a_pale_centre_and_add_where_they_overlap():
    pale = replace(slide(0, np.random.default_rng(0)), pallor=0.8)
    canvas = _canvas()
    draw_red(canvas, 20, 20, 1, pale)
    centre, ring = canvas.red[99:101, 99:101].mean(), canvas.red[100, 110:116].mean()
    assert centre < 0.6 * ring
    before = canvas.red.copy()
    draw_red(canvas, 24, 20, 2, pale)
    both = (before > 0.5) & (canvas.red - before > 0.5)
    assert both.any() and canvas.red[both].min() > 1


def test_a_neutrophil_has_lobes():
    canvas = _canvas()
    draw_white(canvas, 20, 20, 1, WhiteCell("neutrophil", 6.2, 0.4, 0.95, 0, 0.02, 0.15))
    nucleus = canvas.label == 3
    hull = np.ptp(np.nonzero(nucleus)[0]) * np.ptp(np.nonzero(nucleus)[1])
    assert 0.15 < nucleus.sum() / (canvas.label > 1).sum() < 0.6
    assert nucleus.sum() < 0.65 * hull


def test_cells_cut_by_the_edge_or_beyond_it_are_drawn_without_fuss():
    canvas = _canvas()
    plain = slide(0, np.random.default_rng(0))
    draw_red(canvas, -2, 41, 1, plain)
    draw_red(canvas, -30, 90, 2, plain)
    assert set(np.unique(canvas.instance)) <= {0, 1}


def test_outlines_are_closed_and_about_one():
    angle = np.linspace(-np.pi, np.pi, 400)
    radius = outline(angle, 0.05, np.random.default_rng(0))
    assert radius[0] == pytest.approx(radius[-1]) and radius.mean() == pytest.approx(1, abs=0.02)
    assert inside(np.array([0.0, 1.0, 2.0]), 1.0, 0.5).tolist() == [1, 0.5, 0]


@pytest.fixture(scope="module")
def patients():
    return cohort(SyntheticParams(), 5)


def test_a_field_depends_on_patient_and_sequence_alone(patients):
    first, again, other = (render(patients[0], sequence, 64, 80, 0.5) for sequence in (1, 1, 2))
    assert np.array_equal(first.image, again.image) and not np.array_equal(first.image, other.image)
    assert first.image.dtype == np.uint8 and first.image.shape == (64, 64, 3)
    assert first.label.shape == first.instance.shape == (64, 64)


def test_focus_light_and_stain_of_the_slide_show(patients):
    plain = replace(patients[0].slide, focus_um=0.2, noise=1.0)

    def shown(**changes):
        return render(replace(patients[0], slide=replace(plain, **changes)), 1, 96, 80, 0.5).image.astype(float)

    def sharpness(image):
        return np.abs(np.diff(image[:, :, 1], axis=1)).mean()

    base = shown()
    assert sharpness(shown(focus_um=1.0)) < 0.8 * sharpness(base)
    assert shown(light=(0.8, 0.8, 0.8)).mean() < base.mean() - 15
    assert shown(strength=1.4).mean() < shown(strength=0.7).mean() - 3
    blue, salmon = shown(hue=0.0), shown(hue=1.0)
    assert (salmon[:, :, 0] - salmon[:, :, 2]).mean() > (blue[:, :, 0] - blue[:, :, 2]).mean() + 5


def test_truth_has_the_magnification_asked_for(patients):
    def red_area(field_um):
        fields = [render(patient, 1, 96, field_um, 0.5) for patient in patients[:4]]
        sizes = [np.bincount(field.instance[field.label == 1]).max() for field in fields]
        return np.mean(sizes)

    assert 1.5 < red_area(60) / red_area(80) < 2.1
