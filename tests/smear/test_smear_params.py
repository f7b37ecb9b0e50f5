from pathlib import Path

import numpy as np
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check, load
from hemapipe.smear import morphology
from hemapipe.smear.params import SyntheticParams

ROOT = Path(__file__).resolve().parents[2]


def test_params_yaml_holds_the_defaults():
    params = load(SyntheticParams, "download.synthetic", ROOT / "params.yaml")
    assert set(params.model_dump()) == set(SyntheticParams.model_fields) == params.model_fields_set


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class_shares": {"benign": 1, "earli": 1}}, "known classes"),
        ({"class_shares": {"benign": 0, "early": 0}}, "at least one share"),
        ({"n_patients": 3}, "classes"),
        ({"n_patients": 50, "n_images": 49}, "n_images"),
        ({"class_shares": {"benign": 1}}, "two classes"),
        ({"n_images": 60, "n_near_repeats": 60}, "one image bears one fault"),
        ({"px": 8}, "px"),
        ({"dificulty": 1}, "did you mean 'difficulty'"),
    ],
)
def test_wrong_values_are_named(change, said):
    with pytest.raises(HemapipeError, match=said):
        check(SyntheticParams, change, "download.synthetic")


def _means(label, difficulty, variation, n=200):
    rng = np.random.default_rng(0)
    drawn = [morphology.of_patient(label, difficulty, variation, rng) for _ in range(n)]
    return np.array([[patient.diameter, patient.nc_ratio, patient.clumping] for patient in drawn])


def test_classes_are_ordered_from_mature_to_immature():
    ladder = [_means(label, 0.5, 0.5).mean(axis=0) for label in ("benign", "pre", "early", "pro")]
    diameter, nc_ratio, clumping = np.transpose(ladder)
    assert (np.diff(diameter) > 0.3).all() and (np.diff(nc_ratio) > 0.02).all() and (np.diff(clumping) < -0.05).all()


def test_difficulty_draws_classes_together_and_variation_moves_patients():
    easy, hard = (_means("pro", d, 0)[0, 0] - _means("benign", d, 0)[0, 0] for d in (0.0, 1.0))
    assert easy > 1.3 * hard > 0
    assert _means("pre", 0.5, 0).std(axis=0) == pytest.approx(0, abs=1e-9)
    assert (_means("pre", 0.5, 1).std(axis=0) > 0.5 * _means("pre", 0.5, 0.4).std(axis=0)).all()


def test_a_diagnostic_cell_is_never_a_bystander():
    rng = np.random.default_rng(1)
    mean = morphology.PROTOTYPES["benign"]
    cells = [morphology.sample(mean, "benign", 0.5, rng, diagnostic=True) for _ in range(300)]
    assert {cell.kind for cell in cells} == {"lymphoid"}
    others = [morphology.sample(mean, "benign", 0.5, rng) for _ in range(300)]
    assert 20 < sum(cell.kind == "neutrophil" for cell in others) < 80
    assert all(0 < cell.nc_ratio < 1 and 3 < cell.radius < 9 for cell in cells + others)
