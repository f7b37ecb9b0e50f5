"""Curves against scikit-learn, and the fields `dvc plots` relies on."""

import numpy as np
import pytest
from evaluation_examples import CLASSES, calibration, manifest_and_groups, predictions
from sklearn import metrics as sk

from hemapipe.evaluation import curves
from hemapipe.evaluation.predictions import scored_rows


@pytest.fixture(scope="module")
def rows():
    manifest, groups = manifest_and_groups()
    return scored_rows(predictions(manifest, groups), calibration(), manifest, groups)


def scores(n=500, digits=2):
    rng = np.random.default_rng(2)
    positive = rng.random(n) < 0.3
    return np.round(rng.normal(size=n) + positive, digits), positive


def test_roc_and_precision_recall_are_scikit_learns():
    values, positive = scores()
    fpr, tpr, _ = sk.roc_curve(positive, values, drop_intermediate=False)
    assert np.allclose(curves.roc(values, positive), (fpr, tpr))
    precision, recall, _ = sk.precision_recall_curve(positive, values)
    assert np.allclose(curves.precision_recall(values, positive), (recall[::-1], precision[::-1]))


def test_thinning_keeps_ends_and_area():
    x, y = curves.roc(*scores(20_000, 6))
    few_x, few_y = curves.thin(x, y)
    assert len(few_x) <= curves.MAX_POINTS < len(x)
    assert (few_x[0], few_y[0], few_x[-1], few_y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(few_y, few_x) == pytest.approx(np.trapezoid(y, x), abs=2e-3)


def test_tables_have_stable_fields(rows):
    tables = curves.tables(rows, 10)
    assert {name: list(table) for name, table in tables.items()} == {
        "confusion": ["actual", "predicted"],
        "roc": ["class", "fpr", "tpr"],
        "pr": ["class", "recall", "precision"],
        "reliability": ["calibration", "confidence", "accuracy", "n"],
    }
    assert len(tables["confusion"]) == len(rows.y)
    assert list(tables["roc"]["class"].unique()) == CLASSES


def test_reliability_bins_hold_every_row_twice(rows):
    table = curves.reliability(rows, 10)
    assert table.groupby("calibration")["n"].sum().to_dict() == {"before": len(rows.y), "after": len(rows.y)}
    after = table[table["calibration"] == "after"]
    assert (after["accuracy"] * after["n"]).sum() == pytest.approx((rows.p.argmax(1) == rows.y).sum())


def test_a_class_without_both_kinds_has_no_curve(rows):
    absent = type(rows)(**{**rows.__dict__, "y": np.where(rows.y == 2, 1, rows.y)})
    assert list(curves.by_class(absent, curves.roc, ["fpr", "tpr"])["class"].unique()) == CLASSES[:2]
