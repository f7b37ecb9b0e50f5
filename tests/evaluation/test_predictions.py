"""Which rows are scored, under which label, and what is refused."""

import numpy as np
import pytest
from evaluation_examples import CLASSES, calibration, manifest_and_groups, predictions

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.predictions import calibrated, scored_rows

MANIFEST, GROUPS = manifest_and_groups()
PREDICTED = predictions(MANIFEST, GROUPS)


def test_only_test_rows_of_all_folds_with_their_own_labels_and_groups():
    rows = scored_rows(PREDICTED.sample(frac=1, random_state=1), calibration(), MANIFEST.iloc[::-1], GROUPS)
    shuffled = PREDICTED.sample(frac=1, random_state=1).query("role == 'test'")
    assert rows.class_names == CLASSES
    assert len(rows.y) == 60 and set(rows.fold) == {0, 1, 2}
    label, group = MANIFEST.set_index("image_id")["label"], GROUPS.set_index("image_id")["group"]
    assert [CLASSES[c] for c in rows.y] == [label[i] for i in shuffled["image_id"]]
    assert rows.group.tolist() == [group[i] for i in shuffled["image_id"]]


def test_columns_in_another_order_are_the_same_classes():
    order = ["sample_id", "image_id", "fold", "role", "p_pro", "p_benign", "p_early"]
    one, other = (scored_rows(t, calibration(), MANIFEST, GROUPS) for t in (PREDICTED, PREDICTED[order]))
    assert (one.raw == other.raw).all()


def test_temperature_is_that_of_the_fold_and_keeps_the_order():
    p = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]])
    two = {"folds": {"0": {"temperature": 1.0}, "1": {"temperature": 2.0}}}
    found = calibrated(p, np.array([0, 1]), two)
    roots = np.sqrt([0.7, 0.2, 0.1])
    assert found[0] == pytest.approx([0.7, 0.2, 0.1])
    assert found[1] == pytest.approx(roots / roots.sum())


def test_a_zero_probability_stays_finite():
    found = calibrated(np.array([[1.0, 0.0]]), np.array([0]), calibration(1, 3.0))
    assert np.isfinite(found).all() and found.sum() == pytest.approx(1) and found[0, 0] > 0.999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[t["role"] != "test"], "no test rows"),
        (lambda t: t.assign(image_id="x"), "no label for image x"),
        (lambda t: t.loc[[*t.index, *t.index]], "twice in one fold"),
        (lambda t: t.assign(p_pro=t["p_pro"] + 0.2), "do not sum to 1"),
        (lambda t: t.assign(p_pro=-0.1), "negative or not a number"),
        (lambda t: t.assign(p_pro=np.nan), "negative or not a number"),
        (lambda t: t.rename(columns={"p_pro": "p_other"}), "predicted classes .*other"),
        (lambda t: t.assign(fold=t["fold"] + 1), "no temperature for fold 3"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(HemapipeError, match=message):
        scored_rows(change(PREDICTED), calibration(), MANIFEST, GROUPS)


def test_an_image_without_a_group_is_refused():
    with pytest.raises(HemapipeError, match="no group for image i0"):
        scored_rows(PREDICTED, calibration(), MANIFEST, GROUPS.iloc[40:])


def test_the_unit_is_the_person_else_the_patient_else_the_group():
    manifest = MANIFEST.copy()
    manifest.loc[:29, "patient"] = [f"p{n}" for n in range(30)]
    manifest.loc[:9, "person"] = "same"
    rows = scored_rows(PREDICTED, calibration(), manifest, GROUPS)
    order = PREDICTED.loc[PREDICTED["role"] == "test", "image_id"].tolist()
    unit = dict(zip(order, rows.unit, strict=True))
    assert {unit[f"i{n:03d}"] for n in range(10)} == {"same"}
    assert [unit[f"i{n:03d}"] for n in (10, 29)] == ["p10", "p29"]
    assert unit["i030"] == GROUPS["group"].iloc[30]
    assert rows.patients_known and not scored_rows(PREDICTED, calibration(), MANIFEST, GROUPS).patients_known
