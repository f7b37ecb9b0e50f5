"""The table of classical kinds: settings, smoothing of votes, and what counts as a parameter."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV

from hemapipe.core.errors import HemapipeError
from hemapipe.models import classical
from hemapipe.models.classical import KINDS, build, count_parameters, fit, predict_proba, settings


@pytest.fixture(scope="module")
def blobs():
    """60 rows of 5 columns in 3 classes, four standard deviations apart."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 20)
    return (random.normal(size=(60, 5)) + 4 * np.eye(5)[y]).astype(np.float32), y


def fitted(kind, blobs, **args):
    x, y = blobs
    inner = np.arange(60) % 3 if kind == "svm" else None
    return fit(build(kind, args, n_features=5, scale=True, pca=0, seed=1, inner_folds=inner), x, y, np.ones(60))


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_settings_the_library_knows(kind):
    assert settings(kind, {}).items() >= KINDS[kind].defaults.items()
    assert settings(kind, KINDS[kind].defaults) == settings(kind, {})


def test_a_kernel_is_as_wide_as_its_features_are_many():
    assert settings("svm", {}, scale=True, n_features=100)["gamma"] == pytest.approx(0.0025)
    assert settings("svm", {}, scale=False, n_features=100)["gamma"] == "scale"
    assert settings("svm", {"gamma": 1.0}, scale=True, n_features=100)["gamma"] == 1


@pytest.mark.parametrize(
    "kind, name, hint",
    [
        ("random_forest", "n_estimator", "did you mean 'n_estimators'"),
        ("svm", "probabilities", "did you mean 'probability'"),
        ("xgboost", "random_state", "takes no"),
        ("knn", "n_jobs", "takes no"),
    ],
)
def test_unknown_settings_are_refused(kind, name, hint):
    with pytest.raises(HemapipeError, match=hint):
        settings(kind, {name: 1})


def test_steps_follow_the_recipe():
    names = [
        list(build("knn", {}, n_features=5, scale=s, pca=p, seed=0).named_steps)
        for s, p in ((True, 3), (True, 0), (False, 0))
    ]
    assert names == [["scale", "pca", "classify"], ["scale", "classify"], ["classify"]]


def test_neighbours_votes_are_smoothed_by_one_vote(blobs):
    """Ten neighbours of one class among three: (10 + 1/3) / 11 and (1/3) / 11."""
    p = predict_proba("knn", fitted("knn", blobs, n_neighbors=10), 4 * np.eye(5, dtype=np.float32)[:1] * 3)
    np.testing.assert_allclose(p, [[(10 + 1 / 3) / 11, 1 / 33, 1 / 33]])


def test_a_forest_never_excludes_a_class(blobs):
    p = predict_proba("random_forest", fitted("random_forest", blobs, n_estimators=9), blobs[0])
    assert p.min() >= 1 / 30 - 1e-12  # a tenth of a vote, over three classes
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_a_support_vector_machine_is_calibrated_on_the_inner_folds_given(blobs):
    model = fitted("svm", blobs)["classify"]
    assert isinstance(model, CalibratedClassifierCV)
    assert model.cv.get_n_splits() == 3
    assert len(model.calibrated_classifiers_) == 1  # one machine, fitted to all rows


@pytest.mark.parametrize(
    "kind, expected, args",
    [
        ("logistic_regression", 3 * (5 + 1), {}),
        ("sgd", 3 * (5 + 1), {}),
        ("knn", 60 * 5, {}),
        ("mlp", 5 * 7 + 7 + 7 * 3 + 3, {"hidden_layer_sizes": [7]}),
    ],
)
def test_numbers_kept_are_counted(blobs, kind, expected, args):
    assert count_parameters(kind, fitted(kind, blobs, **args)) == expected


def test_nodes_and_support_vectors_are_counted(blobs):
    stumps = fitted("random_forest", blobs, n_estimators=4, max_depth=1)
    assert count_parameters("random_forest", stumps) == 4 * 3
    boosted = fitted("xgboost", blobs, n_estimators=2, max_depth=1, colsample_bytree=1.0)
    assert count_parameters("xgboost", boosted) == 2 * 3 * 3  # a stump per round and class
    machine = fitted("svm", blobs)["classify"].calibrated_classifiers_[0].estimator
    n_vectors = len(machine.support_vectors_)
    assert count_parameters("svm", fitted("svm", blobs)) == n_vectors * 5 + n_vectors * 2 + 3


def test_threads_are_not_part_of_a_model(blobs):
    x, y = blobs
    pipeline = build("random_forest", {"n_estimators": 3}, n_features=5, scale=False, pca=0, seed=1, n_jobs=2)
    assert fit(pipeline, x, y, None)["classify"].n_jobs == 1


def test_weights_reach_the_estimator(blobs):
    x, y = blobs
    heavy = np.where(y == 2, 100.0, 1.0)
    between = np.full((1, 5), 0.5, np.float32)
    plain, tilted = (
        predict_proba("sgd", fit(build("sgd", {}, n_features=5, scale=True, pca=0, seed=1), x, y, w), between)[0, 2]
        for w in (None, heavy)
    )
    assert tilted > plain


def test_importing_the_module_brings_neither_torch_nor_xgboost():
    code = f"import sys; import {classical.__name__}; sys.exit(bool({{'torch', 'xgboost'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "import torch" not in inspect.getsource(classical)
