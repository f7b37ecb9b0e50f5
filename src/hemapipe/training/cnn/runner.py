"""All folds of one network: train, predict every sample, and gather what the stage writes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from hemapipe.core.params import derive_seed
from hemapipe.core.tables import AUGMENT, MANIFEST, PREDICTIONS, classes, read_table
from hemapipe.samples import load_samples
from hemapipe.training.cnn import layers
from hemapipe.training.cnn.callbacks import CURVES
from hemapipe.training.cnn.fit import device_of, fit
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.predict import predict
from hemapipe.training.cnn.resume import Progress, run_key
from hemapipe.training.cnn.store import Classifier, ModelCard, build_classifier, make_card, save_card

#: Fold → a row per epoch, as `callbacks.History` has them.
Histories = dict[int, list[dict[str, float]]]


class Job(NamedTuple):
    """A network to train: its row resolved, and the seed and threads of the run."""

    name: str
    builder: str
    arch: str
    px: int
    weights: str
    params: TrainParams
    seed: int
    threads: int


class Inputs(NamedTuple):
    """The files training reads."""

    packed: Path
    manifest: Path
    augment: Path


class Trained(NamedTuple):
    """What came of it. `predictions`: PREDICTIONS and p_<class>, a row per sample and fold; `curves`: per epoch."""

    predictions: pd.DataFrame
    curves: pd.DataFrame
    metrics: dict[str, float]
    timing: dict[str, float]
    progress: Progress


def train(
    job: Job, inputs: Inputs, models_dir: Path, checkpoints_dir: Path, checkpoint_every_s: float = 30.0
) -> Trained | None:
    """Train `job` on every fold, going on where an interrupted run stopped, and write `models_dir`.

    `Trained.progress.forget()` removes the resume files, once the results are written. On several devices only the
    first process gets results, the others None.

    Raises:
        HemapipeError: inputs missing or not trainable; see `fit`.
    """
    torch.set_num_threads(job.threads)
    manifest = read_table(inputs.manifest, MANIFEST)
    samples = load_samples(manifest, read_table(inputs.augment, AUGMENT))
    packed = np.load(inputs.packed, mmap_mode="r")
    card = make_card(job.builder, job.arch, job.px, classes(manifest))
    facts = {**job._asdict(), "params": job.params.model_dump()}
    progress = Progress(checkpoints_dir / f"{job.name}-{run_key(facts, inputs, job.builder)}")
    folds = {fold: samples[samples["fold"] == fold] for fold in sorted(samples["fold"].unique().tolist())}

    first = True
    for fold in [fold for fold in folds if not progress.finished(fold)]:
        title = f"{job.name}  fold {fold + 1}/{len(folds)}"
        seed = derive_seed(job.seed, "train_cnn", job.name, f"fold{fold}")
        resume = progress.checkpoint(fold), checkpoint_every_s
        fitted = fit(card, job.weights, packed, folds[fold], job.params, seed, title=title, resume=resume)
        first = fitted.first
        if first:
            progress.finish(fold, fitted.classifier, fitted.rows)
    return _gather(card, packed, samples, folds, job.params, progress, models_dir) if first else None


def _gather(
    card: ModelCard,
    packed: np.ndarray,
    samples: pd.DataFrame,
    folds: dict[int, pd.DataFrame],
    params: TrainParams,
    progress: Progress,
    models_dir: Path,
) -> Trained:
    """Predict with the finished folds' weights and put the pieces together."""
    shutil.rmtree(models_dir, ignore_errors=True)
    models_dir.mkdir(parents=True)
    save_card(card, models_dir)
    columns = [f"p_{name}" for name in card.classes]
    classifier = build_classifier(card, "scratch")
    probabilities, histories, seconds = [], {}, 0.0
    for fold, part in folds.items():
        histories[fold] = progress.result(fold, classifier)
        started = time.perf_counter()
        values = predict(classifier, packed, part, params.batch_size, device_of(params))
        seconds += time.perf_counter() - started
        probabilities.append(pd.DataFrame(values, index=part.index, columns=columns))
        if params.keep_weights == "all" or (params.keep_weights == "fold0" and fold == 0):
            shutil.copyfile(progress.weights(fold), models_dir / progress.weights(fold).name)
    predictions = samples[PREDICTIONS].join(pd.concat(probabilities))
    n_bytes = progress.weights(min(folds)).stat().st_size
    layers.prepare(classifier.network, card.builder, params)  # which of its parameters were trained
    metrics = _metrics(classifier, n_bytes, histories, kept_best=params.early_stopping > 0)
    timing = {**_timing(histories), "ms_per_image": 1000 * seconds / len(predictions)}
    return Trained(predictions, _curves(histories), metrics, timing, progress)


def _curves(histories: Histories) -> pd.DataFrame:
    """Return `fold, epoch` and `CURVES`; those of validation are empty without validation samples."""
    rows = [
        {"fold": fold, "epoch": epoch, **row}
        for fold, history in histories.items()
        for epoch, row in enumerate(history)
    ]
    return pd.DataFrame(rows).reindex(columns=["fold", "epoch", *CURVES])


def _metrics(classifier: Classifier, n_bytes: int, histories: Histories, kept_best: bool) -> dict[str, float]:
    """Return flat numbers of the network and of the epochs whose weights were kept, means over the folds; no timings.

    Those are the last epochs, or with early stopping (`kept_best`) the ones with the lowest validation loss.
    """
    kept = pd.DataFrame(
        [min(history, key=lambda row: row["val_loss"]) if kept_best else history[-1] for history in histories.values()]
    )
    return {
        "n_parameters": sum(parameter.numel() for parameter in classifier.parameters()),
        "n_trained": sum(parameter.numel() for parameter in classifier.parameters() if parameter.requires_grad),
        "n_bytes": n_bytes,
        "epochs_run": float(np.mean([len(history) for history in histories.values()])),
        **{name: float(kept[name].mean()) for name in CURVES if name in kept},
    }


def _timing(histories: Histories) -> dict[str, float]:
    """Return medians over all epochs; they belong to this machine and to no DVC output."""
    epochs = pd.DataFrame([row for history in histories.values() for row in history])
    return {
        "seconds_per_epoch": float(epochs["seconds"].median()),
        "images_per_second": float(epochs["images_per_second"].median()),
        "training_seconds": float(epochs["seconds"].sum()),
    }
