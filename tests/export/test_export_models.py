"""What exporting looks at, and the figures it leaves."""

import numpy as np
import pandas as pd
import pytest

from hemapipe.export.models import N_CALIBRATION, accuracies, rows_of_fold_0


def table(n_train, n_test):
    rows = [(f"a{n}", 0, 0, "train", n) for n in range(n_train)] + [
        (f"b{n}", 0, 0, "test", 900 + n) for n in range(n_test)
    ]
    rows += [("a0", 1, 0, "train", 0), ("b0", 0, 1, "train", 900), ("a0", 0, 1, "test", 0)]
    return pd.DataFrame(rows, columns=["image_id", "variant", "fold", "role", "row"])


def manifest(samples):
    ids = samples["image_id"].unique()
    return pd.DataFrame({"image_id": ids, "label": ["xy"[n % 2] for n in range(len(ids))]})


def test_only_originals_of_fold_0_count():
    samples = table(300, 4)
    rows = rows_of_fold_0(manifest(samples), samples, ["x", "y"])
    assert rows.test.tolist() == [900, 901, 902, 903]
    assert rows.target.tolist() == [0, 1, 0, 1]
    assert len(rows.train) == N_CALIBRATION == len(set(rows.train))
    assert (rows.train.min(), rows.train.max()) == (0, 299)


def test_a_fold_without_test_images_can_be_exported():
    rows = rows_of_fold_0(manifest(table(3, 0)), table(3, 0), ["x", "y"])
    assert (rows.train.tolist(), len(rows.test)) == ([0, 1, 2], 0)
    assert accuracies(rows.target, np.zeros(0, int)) == {"n_test": 0}


def testaccuracies_are_balanced_and_agreement_is_a_share():
    target, calls, eight = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1]), np.array([0, 0, 0, 2])
    found = accuracies(target, calls, eight)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["balanced_accuracy_int8"] == pytest.approx((1 + 0) / 2)
    assert found["same_call_int8"] == pytest.approx(0.5)
