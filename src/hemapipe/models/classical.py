"""The classical kinds: a scikit-learn pipeline each, with probabilities, and defaults for few images of many features.

The defaults are regularised for some hundred to some thousand images with 100–2,000 standardised features. They were
chosen on validation rows of the synthetic set, Taleqani and DeepAPL, never on test rows.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

from hemapipe.core.errors import HemapipeError, did_you_mean


class Kind(NamedTuple):
    """Where an estimator is and what hemapipe sets differently from its library."""

    module: str
    name: str
    defaults: dict[str, Any]


KINDS = {
    "random_forest": Kind("sklearn.ensemble", "RandomForestClassifier", {"n_estimators": 300, "min_samples_leaf": 2}),
    "svm": Kind("sklearn.svm", "SVC", {"C": 3.0, "kernel": "rbf"}),
    "knn": Kind("sklearn.neighbors", "KNeighborsClassifier", {"n_neighbors": 10, "metric": "cosine"}),
    "logistic_regression": Kind("sklearn.linear_model", "LogisticRegression", {"C": 0.01, "max_iter": 1000}),
    "sgd": Kind("sklearn.linear_model", "SGDClassifier", {"loss": "log_loss", "alpha": 0.2, "average": True}),
    # No early stopping: its inner validation rows would be drawn across patients.
    "mlp": Kind("sklearn.neural_network", "MLPClassifier", {"hidden_layer_sizes": [128], "alpha": 1.0, "max_iter": 30}),
    "xgboost": Kind(
        "xgboost",
        "XGBClassifier",
        {
            "tree_method": "hist",
            "n_estimators": 150,
            "learning_rate": 0.1,
            "max_depth": 4,
            "max_bin": 64,  # four times as fast as 256, no worse
            "subsample": 0.8,
            "colsample_bytree": 0.2,
        },
    ),
}

#: Kinds that fit in several threads, with the same result.
_THREADED = ("random_forest", "xgboost")
#: Kinds whose probabilities are counts of votes, and the setting that holds the number of voters.
_VOTERS = {"random_forest": "n_estimators", "knn": "n_neighbors"}
#: No probability is smaller, so that one certain mistake does not make a log loss infinite.
FLOOR = 1e-12


def settings(kind: str, args: dict[str, Any], scale: bool = True, n_features: int = 1) -> dict[str, Any]:
    """Return the defaults of `kind` overridden by `args`.

    The kernel of a support vector machine on `n_features` standardised features is twice as wide as scikit-learn's
    own default (gamma a quarter of 1 / n_features), which validated better on all three sets.

    Raises:
        HemapipeError: the estimator has no such setting, or it is not the row's to choose (seed, threads).
    """
    known = _estimator_class(kind)().get_params()
    for name in args:
        if name not in known or name in ("random_state", "n_jobs"):
            raise HemapipeError(f"{KINDS[kind].name} takes no args.{name} here{did_you_mean(name, known)}")
    width = {"gamma": 0.25 / n_features if scale else "scale"} if kind == "svm" else {}
    return {**KINDS[kind].defaults, **width, **args}


def build(
    kind: str,
    args: dict[str, Any],
    *,
    n_features: int,
    scale: bool,
    pca: int,
    seed: int,
    n_jobs: int = 1,
    inner_folds: np.ndarray | None = None,
) -> Pipeline:
    """Return an unfitted pipeline: standardise, optionally project on `pca` components, classify.

    `inner_folds` (n,), the inner fold of each training row, is what a support vector machine calibrates itself on. It
    has margins, no probabilities, and `SVC(probability=True)` is deprecated: sigmoids (Platt, Probabilistic outputs
    for support vector machines, 1999) are fitted to margins of held-out inner folds, and the machine itself on all
    rows. Inner folds come from the caller so that they respect groups, which `SVC` never could.
    """
    estimator = _estimator_class(kind)(**settings(kind, args, scale, n_features))
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    if kind in _THREADED:
        estimator.set_params(n_jobs=n_jobs)
    if kind == "svm":
        estimator = CalibratedClassifierCV(estimator, cv=PredefinedSplit(inner_folds), ensemble=False)
    steps: list[tuple[str, BaseEstimator]] = [("scale", StandardScaler())] if scale else []
    steps += [("pca", PCA(pca, random_state=seed))] if pca else []
    return Pipeline([*steps, ("classify", estimator)])


def fit(pipeline: Pipeline, x: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> Pipeline:
    """Fit on features `x` (n, d) and classes `y` (n,); `weight` (n,) where the estimator takes any.

    Threads are forgotten afterwards: they are the machine's, not the model's.
    """
    last = pipeline["classify"]
    weighs = weight is not None and has_fit_parameter(last, "sample_weight")
    pipeline.fit(x, y, **({"classify__sample_weight": weight} if weighs else {}))
    if last.get_params().get("n_jobs") is not None:
        last.set_params(n_jobs=1)
    return pipeline


def predict_proba(kind: str, pipeline: Pipeline, x: np.ndarray) -> np.ndarray:
    """Return probabilities (n, k), float64, columns in the order of the pipeline's classes.

    Where n voters are counted, one vote more is spread evenly over the classes (Laplace's rule, pseudo-count 1/k): no
    vote of 10 neighbours is no proof of impossibility.
    """
    p = pipeline.predict_proba(x).astype(np.float64)
    n_voters = voters(kind, pipeline)
    if n_voters:
        p = (n_voters * p + 1 / p.shape[1]) / (n_voters + 1)
    p = np.maximum(p, FLOOR)
    return p / p.sum(axis=1, keepdims=True)


def voters(kind: str, pipeline: Pipeline) -> int:
    """Return how many votes a probability of the fitted pipeline counts; 0 where it counts none."""
    return int(pipeline["classify"].get_params()[_VOTERS[kind]]) if kind in _VOTERS else 0


def count_parameters(kind: str, pipeline: Pipeline) -> int:
    """Return how many numbers the classifier keeps.

    Coefficients and intercepts (linear models, MLP), support vectors and their coefficients, the stored rows of nearest
    neighbours, the nodes of trees.
    """
    model = pipeline["classify"]
    if kind == "random_forest":
        return sum(tree.tree_.node_count for tree in model.estimators_)
    if kind == "xgboost":
        return sum(tree.count("\n") for tree in model.get_booster().get_dump())
    if kind == "knn":
        return int(model._fit_X.size)
    if kind == "mlp":
        return sum(array.size for array in [*model.coefs_, *model.intercepts_])
    if kind == "svm":
        machine = model.calibrated_classifiers_[0].estimator
        return machine.support_vectors_.size + machine.dual_coef_.size + machine.intercept_.size
    return model.coef_.size + model.intercept_.size


def _estimator_class(kind: str) -> type[BaseEstimator]:
    """Import late: xgboost takes half a second that the others need not wait."""
    return getattr(importlib.import_module(KINDS[kind].module), KINDS[kind].name)
