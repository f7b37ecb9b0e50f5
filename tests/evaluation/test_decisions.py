"""What validation thresholds reach on test rows: by hand, with intervals, and where there are none."""

import numpy as np
import pytest
from evaluation_examples import CLASSES, calibration, manifest_and_groups, predictions
from scipy.stats import binomtest
from sklearn.metrics import recall_score

from hemapipe.calibrate.folds import calibrate
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.evaluation import decisions
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import scored_rows

MANIFEST, GROUPS = manifest_and_groups(240, 24)
PREDICTED = predictions(MANIFEST, GROUPS)
PARAMS = EvaluateParams(n_resamples=300, ece_bins=10)
WANTED = CalibrateParams(positive=["early", "pro"], sensitivity=0.9, cost=None)


def scored(wanted=WANTED, predicted=PREDICTED):
    fitted = calibrate(predicted, MANIFEST, wanted)
    return scored_rows(predicted, fitted, MANIFEST, GROUPS), fitted


def test_sensitivity_and_specificity_as_scikit_learn_counts_them():
    rows, fitted = scored()
    found = decisions.summarise(rows, fitted, PARAMS, 1)
    at = {int(fold): one["thresholds"]["screen"]["threshold"] for fold, one in fitted["folds"].items()}
    called = 1 - rows.p[:, 0] >= np.array([at[fold] for fold in rows.fold])
    assert found["screen_sensitivity"] == pytest.approx(recall_score(rows.y > 0, called), rel=1e-5)
    assert found["screen_specificity"] == pytest.approx(recall_score(rows.y > 0, called, pos_label=0), rel=1e-5)
    by_fold = [recall_score(rows.y[rows.fold == f] > 0, called[rows.fold == f]) for f in range(3)]
    assert found["screen_sensitivity_sd"] == pytest.approx(np.std(by_fold, ddof=1), rel=1e-5)
    assert found["n_screened"] == 240


def test_every_class_has_its_decision_and_every_share_an_interval():
    found = decisions.summarise(*scored(), PARAMS, 1)
    shares = [f"at_threshold_{what}_{name}" for what in ("sensitivity", "specificity") for name in CLASSES]
    for name in (*shares, "screen_sensitivity", "screen_specificity"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    assert found["at_threshold_sensitivity_pro_low"] < found["at_threshold_sensitivity_pro_high"]


def test_the_wanted_sensitivity_is_met_within_its_uncertainty():
    found = decisions.summarise(*scored(), PARAMS, 1)
    assert found["screen_sensitivity"] == pytest.approx(0.9, abs=0.06)


def test_test_labels_move_no_threshold():
    tested = PREDICTED.loc[(PREDICTED["role"] == "test") & (PREDICTED["fold"] == 0), "image_id"]
    other = MANIFEST.copy()
    other.loc[other["image_id"].isin(tested), "label"] = "benign"
    assert calibrate(PREDICTED, other, WANTED)["folds"]["0"] == calibrate(PREDICTED, MANIFEST, WANTED)["folds"]["0"]


def test_screening_off_leaves_one_class_against_the_rest():
    found = decisions.summarise(*scored(WANTED.model_copy(update={"positive": []})), PARAMS, 1)
    assert not [name for name in found if name.startswith(("screen_", "n_screened"))]
    assert "at_threshold_sensitivity_pro" in found


def test_a_fold_without_thresholds_takes_no_part_and_is_counted():
    predicted = PREDICTED.copy()
    predicted.loc[(predicted["fold"] == 1) & (predicted["role"] == "val"), "role"] = "train"
    rows, fitted = scored(predicted=predicted)
    found = decisions.summarise(rows, fitted, PARAMS, 1)
    assert found["n_screened"] == (rows.fold != 1).sum()
    kept = rows.fold != 1
    at = np.array([fitted["folds"][str(f)]["thresholds"]["screen"]["threshold"] for f in rows.fold[kept]])
    called = 1 - rows.p[kept, 0] >= at
    assert found["screen_sensitivity"] == pytest.approx(recall_score(rows.y[kept] > 0, called), rel=1e-5)


def test_thresholds_on_too_few_rows_are_counted():
    predicted = PREDICTED[(PREDICTED["role"] != "val") | (PREDICTED["image_id"] < "i060")]
    found = decisions.summarise(
        *scored(CalibrateParams(positive=["pro"], sensitivity=0.99, cost=None), predicted), PARAMS, 1
    )
    assert found["n_thresholds_noted"] == 12  # a screen and three classes in each fold


def test_calibration_without_thresholds_gives_no_decision_metrics():
    rows = scored_rows(PREDICTED, calibration(), MANIFEST, GROUPS)
    assert decisions.summarise(rows, calibration(), PARAMS, 1) == {"n_thresholds_noted": 0}


def test_where_every_group_is_one_image_the_interval_is_wilsons():
    alone = GROUPS.assign(group=GROUPS["image_id"])
    _, fitted = scored()
    rows = scored_rows(PREDICTED, fitted, MANIFEST, alone)
    found = decisions.summarise(rows, fitted, PARAMS, 1)
    n = int((rows.y > 0).sum())
    bounds = binomtest(round(found["screen_sensitivity"] * n), n).proportion_ci(0.95, "wilson")
    assert found["screen_sensitivity_low"] == pytest.approx(bounds.low, rel=1e-4)
    assert found["screen_sensitivity_high"] == pytest.approx(bounds.high, rel=1e-4)


def test_a_share_without_an_error_has_an_interval_of_its_groups():
    predicted = predictions(MANIFEST, GROUPS, skill=12)
    found = decisions.summarise(*scored(predicted=predicted), PARAMS, 1)
    bounds = binomtest(8, 8).proportion_ci(0.95, "wilson")  # 8 of the 24 groups are benign
    assert found["screen_specificity"] == 1
    assert found["screen_specificity_low"] == pytest.approx(bounds.low, rel=1e-4)
