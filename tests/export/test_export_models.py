"""What exporting looks at, and the figures it leaves."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from hemapipe.calibrate.folds import calibrate
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.export.models import N_CALIBRATION, Rows, accuracies, export_network, rows_of_fold_0
from hemapipe.predict.card import ModelCard
from hemapipe.predict.models import Model
from hemapipe.training.cnn.store import build_classifier, make_card, save_card, save_weights


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
    assert (len(rows.val), len(rows.val_ids)) == (0, 0)
    assert rows.test.tolist() == [900, 901, 902, 903]
    assert rows.target.tolist() == [0, 1, 0, 1]
    assert len(rows.train) == N_CALIBRATION == len(set(rows.train))
    assert (rows.train.min(), rows.train.max()) == (0, 299)


def test_a_fold_without_test_images_can_be_exported():
    rows = rows_of_fold_0(manifest(table(3, 0)), table(3, 0), ["x", "y"])
    assert (rows.train.tolist(), len(rows.test)) == ([0, 1, 2], 0)
    assert accuracies(rows.target, np.zeros(0, int)) == {"n_test": 0}


def test_accuracies_are_balanced_and_agreement_is_a_share():
    target, calls, eight = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1]), np.array([0, 0, 0, 2])
    found = accuracies(target, calls, eight)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["balanced_accuracy_int8"] == pytest.approx((1 + 0) / 2)
    assert found["same_call_int8"] == pytest.approx(0.5)


def test_eight_bits_get_a_temperature_and_a_threshold_of_their_own(tmp_path):
    """By the validation images of fold 0, as the full network's are."""
    torch.manual_seed(0)
    trained = make_card("lenet", "lenet", 16, ["x", "y"])
    save_card(trained, tmp_path / "net")
    save_weights(build_classifier(trained, "scratch"), tmp_path / "net/fold0.safetensors")
    packed = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    ids = np.array([f"v{n}" for n in range(20)])
    rows = Rows(np.arange(10), np.arange(10, 30), np.arange(30, 40), ids, np.arange(10) % 2)
    labels = pd.DataFrame({"image_id": ids, "label": ["xy"[n % 2] for n in range(20)]})
    params = CalibrateParams(positive=["y"], sensitivity=0.9, cost=None)

    def fit(p):
        return calibrate(p.assign(image_id=ids, fold=0, role="val"), labels, params)

    card = ModelCard(name="net", family="cnn", kind="lenet", classes=["x", "y"], px=16)
    out = tmp_path / "export/net"
    metrics = export_network(tmp_path / "net", card, packed, rows, 1, out, fit)
    assert metrics["n_test"] == 10
    own = json.loads((out / "int8_calibration.json").read_text())
    assert own["folds"]["0"]["n_val"] == 20
    full = tmp_path / "full.json"
    full.write_text(json.dumps({"positive": ["y"], "folds": {}}))
    assert Model(out, full, 1, int8=True).temperature == own["folds"]["0"]["temperature"]
    assert Model(out, full, 1, int8=True).threshold == own["folds"]["0"]["thresholds"]["screen"]["threshold"]
    assert Model(out, full, 1).threshold is None
