"""All folds of one classical model: fit on training rows, predict every sample, and gather what the stage writes."""

from __future__ import annotations

import shutil
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.core.tables import AUGMENT, GROUPS, MANIFEST, PREDICTIONS, classes, packed_rows, read_table, write_json
from hemapipe.features.store import Features, load_features
from hemapipe.models import classical
from hemapipe.samples import LABELLED_ROLES, load_samples
from hemapipe.training.classical.inner import inner_folds
from hemapipe.training.classical.params import TrainClassicalParams
from hemapipe.training.classical.search import Choice, choose
from hemapipe.training.classical.store import CARD, ClassicalModel, dumps


class Job(NamedTuple):
    """A model to fit: its row resolved, and the seed and threads of the run."""

    name: str
    kind: str
    features: list[str]
    args: dict[str, Any]
    params: TrainClassicalParams
    seed: int
    threads: int
    grid: dict[str, list[Any]] | None = None


class Trained(NamedTuple):
    """What came of it. `predictions`: PREDICTIONS and p_<class>, a row per fold and sample that has features."""

    predictions: pd.DataFrame
    metrics: dict[str, Any]
    timing: dict[str, float]


class Fold(NamedTuple):
    """One fold: the model, probabilities of its samples in their order, seconds of fitting, what the grid gave."""

    model: ClassicalModel
    probabilities: np.ndarray
    seconds: float
    choice: Choice


def train(job: Job, data_dir: Path) -> Trained:
    """Fit `job` on every fold of the tables in `data_dir` and write `data_dir/models/<name>/`.

    Folds run side by side on `threads` threads; what is left goes to each fit. The result depends on neither.

    Raises:
        HemapipeError: an input is missing or does not fit the others, or a fold has fewer than two classes to train on.
    """
    manifest = read_table(data_dir / "manifest.csv", MANIFEST)
    samples = load_samples(manifest, read_table(data_dir / "augment.csv", AUGMENT))
    groups = read_table(data_dir / "groups.csv", GROUPS).set_index("image_id")["group"]
    n_images = len(packed_rows(manifest))
    features = load_features(samples, n_images, job.features, data_dir / "features", data_dir / "variants")
    samples = samples.loc[features.position.index].assign(group=samples["image_id"].map(groups))
    names = classes(manifest)

    parts = {fold: samples[samples["fold"] == fold] for fold in sorted(samples["fold"].unique().tolist())}
    n_jobs = max(1, job.threads // len(parts))
    with threadpool_limits(1), warnings.catch_warnings():  # linear algebra in one thread: sums in one order
        # An MLP's `max_iter` is the length of its training here, so that reaching it is no failure.
        warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn.neural_network")
        done = Parallel(n_jobs=min(job.threads, len(parts)), prefer="threads")(
            delayed(_fold)(job, features, part, len(names), n_jobs) for part in parts.values()
        )
    folds = dict(zip(parts, done, strict=True))
    _write(job, folds, names, features.values.shape[1], data_dir / "models" / job.name)
    return _gather(parts, folds, names, features.values.shape[1])


def _fold(job: Job, features: Features, part: pd.DataFrame, n_classes: int, n_jobs: int) -> Fold:
    began = time.perf_counter()
    choice = _choose(job, features, part, n_classes, n_jobs)
    job = job._replace(args={**job.args, **choice.args})
    model = _fit(job, features, part[part["role"] == "train"], n_classes, n_jobs)
    seconds = time.perf_counter() - began
    return Fold(model, model.predict(features.values[features.position[part.index]]), seconds, choice)


def _choose(job: Job, features: Features, part: pd.DataFrame, n_classes: int, n_jobs: int) -> Choice:
    """Return what the grid gives on the inner folds; nothing without a grid."""
    if not job.grid:
        return Choice({}, 0.0)

    def predict(args: dict[str, Any], rows: pd.DataFrame, held_out: pd.DataFrame) -> np.ndarray:
        model = _fit(job._replace(args={**job.args, **args}), features, rows, n_classes, n_jobs)
        return model.predict(features.values[features.position[held_out.index]])

    return choose(job.grid, part[part["role"].isin(LABELLED_ROLES)], predict)


def _fit(job: Job, features: Features, train: pd.DataFrame, n_classes: int, n_jobs: int) -> ClassicalModel:
    """Fit on the rows `train` of one fold; a class without any is left out of the model."""
    fold = int(train["fold"].iloc[0]) if len(train) else 0
    present, y = np.unique(train["target"].to_numpy(), return_inverse=True)
    if len(present) < 2:
        raise HemapipeError(f"fold {fold} has {len(present)} classes to train on: a classifier needs two or more")
    x = features.values[features.position[train.index]]
    if job.params.pca > min(x.shape):
        raise HemapipeError(f"pca: {job.params.pca} components, but fold {fold} has {x.shape[0]} rows of {x.shape[1]}")
    seed = derive_seed(job.seed, "train_classical", job.name, f"fold{fold}")
    inner = None
    if job.kind == "svm":
        inner = inner_folds(y, train["group"].to_numpy(str), train["image_id"].to_numpy(str), seed)
    steps = {"n_features": x.shape[1], "scale": job.params.scale, "pca": job.params.pca}
    pipeline = classical.build(job.kind, job.args, **steps, seed=seed, n_jobs=n_jobs, inner_folds=inner)
    weight = compute_sample_weight("balanced", y) if job.params.class_weight == "balanced" else None
    try:
        classical.fit(pipeline, x, y, weight)
    except ValueError as error:  # what scikit-learn says of settings that do not fit the data
        raise HemapipeError(f"{job.name} ({job.kind}) could not be fitted on fold {fold}: {error}") from error
    return ClassicalModel(job.kind, pipeline, present.tolist(), n_classes)


def _write(job: Job, folds: dict[int, Fold], names: list[str], n_features: int, models_dir: Path) -> None:
    """Write the card and the weights that are to be kept."""
    shutil.rmtree(models_dir, ignore_errors=True)
    models_dir.mkdir(parents=True)
    card = {
        "kind": job.kind,
        "features": list(dict.fromkeys(job.features)),
        "n_features": n_features,
        "classes": names,
        "args": classical.settings(job.kind, job.args, job.params.scale, n_features),
        **job.params.model_dump(exclude={"keep_weights"}),
        **({"grid": job.grid, "chosen": {str(f): fold.choice.args for f, fold in folds.items()}} if job.grid else {}),
    }
    write_json(card, models_dir / CARD)
    for fold, result in folds.items():
        if job.params.keep_weights == "all" or (job.params.keep_weights == "fold0" and fold == 0):
            (models_dir / f"fold{fold}.skops").write_bytes(dumps(result.model))


def _gather(parts: dict[int, pd.DataFrame], folds: dict[int, Fold], names: list[str], n_features: int) -> Trained:
    columns = [f"p_{name}" for name in names]
    tables = [
        part[PREDICTIONS].join(pd.DataFrame(folds[fold].probabilities, index=part.index, columns=columns))
        for fold, part in parts.items()
    ]
    scores = pd.DataFrame([_scores(part, folds[fold].probabilities) for fold, part in parts.items()])
    first = folds[min(folds)].model
    metrics = {
        "n_parameters": classical.count_parameters(first.kind, first.pipeline),
        "n_bytes": len(dumps(first)),
        "n_features": n_features,
        **{str(name): float(value) for name, value in scores.mean().items()},
        **_choices(folds),
    }
    n_train = sum(int((part["role"] == "train").sum()) for part in parts.values())
    seconds = sum(fold.seconds for fold in folds.values())
    timing = {"training_seconds": seconds, "images_per_second": n_train / seconds}
    return Trained(pd.concat(tables).sort_index(), metrics, timing)


def _choices(folds: dict[int, Fold]) -> dict[str, Any]:
    """Return `chosen_<setting>_fold<n>`, and the mean of what the choice scored on inner folds; {} without a grid."""
    chosen = {f"chosen_{name}_fold{n}": value for n, fold in folds.items() for name, value in fold.choice.args.items()}
    score = float(np.mean([fold.choice.score for fold in folds.values()]))
    return {**chosen, "inner_balanced_accuracy": score} if chosen else {}


def _scores(part: pd.DataFrame, p: np.ndarray) -> dict[str, float]:
    """Return mean log loss of training and validation rows and accuracy of validation rows; no keys without rows."""
    scores = {}
    for role in ("train", "val"):
        rows = (part["role"] == role).to_numpy()
        if rows.any():
            y = part["target"].to_numpy()[rows]
            scores[f"{role}_loss"] = float(-np.log(p[rows, y]).mean())
            scores[f"{role}_accuracy"] = float((p[rows].argmax(axis=1) == y).mean())
    scores.pop("train_accuracy", None)  # near 1 for every kind here, and mistaken for a result
    return scores
