"""Calibration of a prediction table: per fold, from validation rows only."""

import json

import numpy as np
import pandas as pd
import pytest

from hemapipe.calibrate.folds import NO_VALIDATION, calibrate
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import MANIFEST, write_json

NAMES = ["benign", "pro"]
PARAMS = CalibrateParams(positive=["pro"], sensitivity=0.95, cost=None)


@pytest.fixture
def manifest() -> pd.DataFrame:
    rows = {"image_id": [f"i{n}" for n in range(60)], "label": [NAMES[n % 2] for n in range(60)]}
    return pd.DataFrame(rows).reindex(columns=MANIFEST, fill_value="")


@pytest.fixture
def predictions() -> pd.DataFrame:
    """Fold 0: sure of itself and wrong on every fifth; fold 1: has no validation rows."""
    n = np.arange(60)
    right = np.where(n % 5 == 0, 0.01, 0.99)
    p_benign = np.where(n % 2 == 0, right, 1 - right)
    table = pd.DataFrame({"image_id": [f"i{k}" for k in n], "p_benign": p_benign, "p_pro": 1 - p_benign})
    table["role"] = np.where(n % 3 == 0, "test", np.where(n % 3 == 1, "val", "train"))
    other = table.assign(fold=1, role=table["role"].replace("val", "train"))
    return pd.concat([table.assign(fold=0), other]).assign(sample_id=lambda t: t["image_id"])


def test_each_fold_has_its_own_temperature(predictions, manifest):
    folds = calibrate(predictions, manifest, PARAMS)["folds"]
    assert list(folds) == ["0", "1"]
    assert folds["0"]["n_val"] == 20
    # 99 % sure and right in 80 %: log odds 4.6 should be 1.39.
    assert folds["0"]["temperature"] == pytest.approx(np.log(99) / np.log(4), rel=0.01)
    assert folds["0"]["nll_after"] < folds["0"]["nll_before"]
    assert folds["1"] == {"temperature": 1.0, "n_val": 0, "note": NO_VALIDATION, "thresholds": {"classes": {}}}


def test_it_can_be_written(predictions, manifest, tmp_path):
    fitted = calibrate(predictions, manifest, PARAMS)
    write_json(fitted, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == fitted


def test_labels_of_other_roles_are_not_looked_at(predictions, manifest):
    val = predictions.loc[predictions["role"] == "val", "image_id"]
    other = manifest.copy()
    rest = ~other["image_id"].isin(val)
    other.loc[rest, "label"] = other.loc[rest, "label"].sample(frac=1, random_state=1).to_numpy()
    assert (other["label"] != manifest["label"]).any()
    assert calibrate(predictions, other, PARAMS) == calibrate(predictions, manifest, PARAMS)


def test_columns_are_found_by_name(predictions, manifest):
    assert calibrate(predictions[predictions.columns[::-1]], manifest, PARAMS) == calibrate(
        predictions, manifest, PARAMS
    )


def test_predictions_of_other_classes_are_refused(predictions, manifest):
    with pytest.raises(HemapipeError, match="lack the classes pro"):
        calibrate(predictions.drop(columns="p_pro"), manifest, PARAMS)


def test_thresholds_are_fitted_to_the_calibrated_probabilities_of_each_fold(predictions, manifest):
    fitted = calibrate(predictions, manifest, PARAMS)
    assert fitted["positive"] == ["pro"]
    decisions = fitted["folds"]["0"]["thresholds"]
    screen = decisions["screen"]
    # Ten positive rows: none may be missed, and the lowest is one of the wrong ones, 99 % sure before, 80 % after.
    assert screen["threshold"] == pytest.approx(0.2, abs=0.01) and "lowest of 10" in screen["note"]
    assert (screen["val_sensitivity"], screen["n_val_positive"], screen["n_val_negative"]) == (1.0, 10, 10)
    assert decisions["classes"]["pro"] == screen
    assert set(decisions["classes"]) == set(NAMES)


def test_screening_can_be_switched_off(predictions, manifest):
    fitted = calibrate(predictions, manifest, PARAMS.model_copy(update={"positive": []}))
    assert fitted["positive"] == [] and "screen" not in fitted["folds"]["0"]["thresholds"]


def test_a_positive_class_that_does_not_exist_is_refused(predictions, manifest):
    with pytest.raises(HemapipeError, match="'pr0', but the classes are benign, pro"):
        calibrate(predictions, manifest, PARAMS.model_copy(update={"positive": ["pr0"]}))
