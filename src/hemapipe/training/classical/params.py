"""The recipe (`train_classical` in params.yaml) and a row of the table of classical models (`classical`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from hemapipe.core.params import Section


class TrainClassicalParams(Section):
    """What all classical models share; the comments in params.yaml say what each key means."""

    scale: bool = True
    pca: int = Field(0, ge=0)
    class_weight: Literal["balanced", "none"] = "balanced"
    keep_weights: Literal["none", "fold0", "all"] = "fold0"


class ClassicalRow(TrainClassicalParams):
    """One model: its kind, two feature sets, settings of its estimator; any key of the recipe may be set as well.

    `grid`, setting → values to try, is chosen from on the inner folds (`split.n_inner`) of each fold.
    """

    kind: Literal["random_forest", "svm", "knn", "logistic_regression", "sgd", "mlp", "xgboost"]
    features: list[str] = Field(min_length=2, max_length=2)
    args: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
