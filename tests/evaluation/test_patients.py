"""Verdicts per patient: by hand on a small table, intervals against SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from hemapipe.evaluation import patients
from hemapipe.evaluation.decisions import Decision
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows

PARAMS = EvaluateParams(n_resamples=200, ece_bins=10, few_images=3, low_margin=0.2)
NAMES = ["benign", "early", "pro"]
#: unit, true class, probabilities
TABLE = [
    ("A", 0, (0.9, 0.1, 0.0)), ("A", 0, (0.8, 0.1, 0.1)), ("A", 0, (0.4, 0.6, 0.0)),
    ("B", 1, (0.4, 0.6, 0.0)), ("B", 1, (0.4, 0.6, 0.0)), ("B", 1, (1.0, 0.0, 0.0)),
    ("C", 2, (0.1, 0.1, 0.8)),
    ("D", 0, (0.1, 0.5, 0.4)), ("D", 0, (0.2, 0.4, 0.4)), ("D", 2, (0.0, 0.1, 0.9)), ("D", 2, (0.1, 0.82, 0.08)),
]  # fmt: skip


def rows_of(table=TABLE, known=True):
    unit, y, p = (np.array(column) for column in zip(*table, strict=True))
    fold = np.zeros(len(y), int)
    return ScoredRows(NAMES, y, p, p, fold, unit, unit, known)


def screen_of(rows, threshold=0.5):
    positive, score = rows.y > 0, 1 - rows.p[:, 0]
    return Decision("screen_sensitivity", "screen_specificity", positive, score, np.full(len(rows.y), threshold))


def test_mean_and_vote_by_hand():
    table = patients.verdicts(rows_of(), None, PARAMS).set_index("unit")
    assert table["n_images"].to_dict() == {"A": 3, "B": 3, "C": 1, "D": 4}
    # B: two of three images say early, but the mean of benign is .6.
    assert table["by_mean"].to_dict() == {"A": "benign", "B": "benign", "C": "pro", "D": "early"}
    assert table["by_vote"].to_dict() == {"A": "benign", "B": "early", "C": "pro", "D": "early"}
    assert table.loc["A", ["confidence", "margin", "vote_share"]].tolist() == pytest.approx([0.7, 0.7 - 0.8 / 3, 2 / 3])
    assert table.loc["B", "p_early"] == pytest.approx(0.4)


def test_a_tied_vote_goes_to_the_larger_mean():
    tied = [("A", 0, (0.6, 0.4, 0.0)), ("A", 0, (0.1, 0.9, 0.0))]
    assert patients.verdicts(rows_of(tied), None, PARAMS)["by_vote"].tolist() == ["early"]


def test_few_images_and_low_margins_are_uncertain():
    table = patients.verdicts(rows_of(), None, PARAMS).set_index("unit")
    # B: margin .6 − .4; C: one image; D: .455 against .445.
    assert table["uncertain"].to_dict() == {"A": False, "B": False, "C": True, "D": True}
    assert table.loc["B", "margin"] == pytest.approx(0.2)


def test_two_labels_without_screening_the_first_of_the_most_frequent():
    table = patients.verdicts(rows_of(), None, PARAMS).set_index("unit")
    assert (table.loc["D", "label"], table.loc["D", "n_labels"]) == ("benign", 2)


def test_two_labels_with_screening_one_positive_image_makes_a_positive_patient():
    rows = rows_of([*TABLE, ("D", 0, (1.0, 0.0, 0.0)), ("D", 0, (1.0, 0.0, 0.0))])
    table = patients.verdicts(rows, screen_of(rows), PARAMS).set_index("unit")
    assert (table.loc["D", "label"], table.loc["D", "positive"]) == ("pro", True)
    assert table["positive"].to_dict() == {"A": False, "B": True, "C": True, "D": True}
    found = patients.summarise(table.reset_index(), rows, PARAMS, 1)
    assert found["n_patients_two_labels"] == 1


def test_the_metrics_by_hand():
    rows = rows_of()
    found = patients.summarise(patients.verdicts(rows, screen_of(rows), PARAMS), rows, PARAMS, 1)
    assert found["n_patients_scored"] == 4 and found["patient_unit"] == "patient"
    assert found["patient_accuracy_mean"] == 0.5  # A and C; D is pro and called early
    assert found["patient_accuracy_vote"] == 0.75  # B too
    # Scores: A .3, B .4, C .9, D .9 against .5: B is missed.
    assert (found["patient_sensitivity"], found["patient_specificity"]) == (pytest.approx(2 / 3, rel=1e-5), 1.0)
    assert found["patient_roc_auc"] == 1.0
    assert found["patient_uncertain"] == 0.5
    assert (
        patients.summarise(patients.verdicts(rows, None, PARAMS), rows_of(known=False), PARAMS, 1)["patient_unit"]
        == "group"
    )


def test_areas_as_scikit_learn_and_an_interval_over_patients():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 60)
    p = rng.dirichlet([1, 1, 1], 240) + 0.3 * np.eye(3)[np.repeat(y, 4)]
    table = [(f"u{n // 4:02d}", int(y[n // 4]), tuple(row / row.sum())) for n, row in enumerate(p)]
    rows = rows_of(table)
    by_patient = patients.verdicts(rows, screen_of(rows), PARAMS)
    found = patients.summarise(by_patient, rows, PARAMS, 1)
    mean = by_patient[[f"p_{name}" for name in NAMES]]
    assert found["patient_roc_auc"] == pytest.approx(roc_auc_score(y > 0, 1 - mean["p_benign"]), rel=1e-5)
    assert found["patient_macro_roc_auc"] == pytest.approx(roc_auc_score(y, mean, multi_class="ovr"), rel=1e-5)
    assert found["patient_roc_auc_low"] < found["patient_roc_auc"] < found["patient_roc_auc_high"]
    assert found == patients.summarise(by_patient, rows, PARAMS, 1)


def test_patients_drawn_without_a_class_take_no_part_in_the_macro_area():
    """Two patients of class pro are told from nobody: its area is .5, that of the others 1."""
    p = [(0.8, 0.1, 0.1), (0.1, 0.8, 0.1)]
    table = [(f"u{n:02d}", n % 2, p[n % 2]) for n in range(30)] + [("v1", 2, p[0]), ("v2", 2, p[1])]
    rows = rows_of(table)
    found = patients.summarise(patients.verdicts(rows, None, PARAMS), rows, PARAMS, 1)
    assert found["patient_macro_roc_auc_high"] < 0.98  # a resample without pro scored 1


def test_without_screening_thresholds_or_positive_patients_there_is_no_sensitivity():
    rows = rows_of()
    found = patients.summarise(patients.verdicts(rows, None, PARAMS), rows, PARAMS, 1)
    assert not {"patient_sensitivity", "patient_specificity", "patient_roc_auc"} & set(found)
    unknown = screen_of(rows, np.nan)
    found = patients.summarise(patients.verdicts(rows, unknown, PARAMS), rows, PARAMS, 1)
    assert "patient_sensitivity" not in found and "patient_roc_auc" in found
    healthy = rows_of(TABLE[:3])
    found = patients.summarise(patients.verdicts(healthy, screen_of(healthy), PARAMS), healthy, PARAMS, 1)
    assert "patient_sensitivity" not in found and found["patient_specificity"] == 1.0


def test_shares_of_patients_have_wilsons_interval():
    rows = rows_of()
    found = patients.summarise(patients.verdicts(rows, None, PARAMS), rows, PARAMS, 1)
    bounds = binomtest(3, 4).proportion_ci(0.95, "wilson")
    assert found["patient_accuracy_vote_low"] == pytest.approx(bounds.low, rel=1e-5)
    assert found["patient_accuracy_vote_high"] == pytest.approx(bounds.high, rel=1e-5)
