"""Every kind of classifier as a graph: the same probabilities, to the last leaf of a tree."""

import numpy as np
import onnx
import pytest

from hemapipe.export.classical import to_onnx
from hemapipe.models.classical import KINDS, build, fit
from hemapipe.runtime import session
from hemapipe.training.classical.store import ClassicalModel

SMALL = {"random_forest": {"n_estimators": 20}, "xgboost": {"n_estimators": 10}, "mlp": {"hidden_layer_sizes": [8]}}


@pytest.fixture(scope="module")
def blobs():
    """120 rows of 12 columns of very unlike sizes, in 3 classes."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 40)
    x = (random.normal(size=(120, 12)) + np.eye(12)[y]) * np.logspace(-3, 3, 12) + 50
    return x.astype(np.float32), y


def graph_of(kind, blobs, n_classes=3, present=(0, 1, 2), scale=True, pca=0):
    x, y = blobs
    inner = np.arange(len(y)) % 3 if kind == "svm" else None
    pipeline = build(kind, SMALL.get(kind, {}), n_features=12, scale=scale, pca=pca, seed=1, inner_folds=inner)
    model = ClassicalModel(kind, fit(pipeline, x, y, None), list(present), n_classes)
    running = session(to_onnx(model, 12), 1)
    return model, lambda rows: running.run(None, {"features": rows})[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_the_graph_gives_what_the_pipeline_gives(kind, blobs):
    model, exported = graph_of(kind, blobs)
    # Between the training rows too: half-way values sit on trees' thresholds.
    rows = np.vstack([blobs[0], (blobs[0][:-1] + blobs[0][1:]) / 2]).astype(np.float32)
    assert np.abs(exported(rows) - model.predict(rows)).max() < 1e-5
    assert exported(rows[:1]).shape == (1, 3)
    assert to_onnx(model, 12) == to_onnx(model, 12)
    domains = [one.domain for one in onnx.load_model_from_string(to_onnx(model, 12)).opset_import]
    assert domains == sorted(domains)  # a set's order would differ between processes


@pytest.mark.parametrize(("scale", "pca"), [(False, 0), (True, 4)])
@pytest.mark.parametrize("kind", ["random_forest", "logistic_regression"])
@pytest.mark.filterwarnings("ignore")
def test_other_recipes_too(kind, scale, pca, blobs):
    model, exported = graph_of(kind, blobs, scale=scale, pca=pca)
    assert np.abs(exported(blobs[0]) - model.predict(blobs[0])).max() < 1e-4


@pytest.mark.parametrize("kind", ["knn", "logistic_regression"])
def test_a_class_never_seen_keeps_its_place(kind, blobs):
    model, exported = graph_of(kind, blobs, n_classes=5, present=(0, 2, 4))
    found = exported(blobs[0])
    assert np.abs(found - model.predict(blobs[0])).max() < 1e-5
    assert found[:, [1, 3]].max() < 1e-6
    assert np.allclose(found.sum(axis=1), 1)
