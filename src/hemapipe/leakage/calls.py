"""Fit both models under both splits, and keep what they call the test images."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hemapipe.core.tables import GROUPS, MANIFEST, TIES, classes, packed_rows, read_table
from hemapipe.features.store import read_features
from hemapipe.group.clusters import clusters
from hemapipe.leakage import arms, facts, models
from hemapipe.leakage.facts import CALLS
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.split.params import SplitParams


class Job(NamedTuple):
    """What to compare, and the seed and threads of the run; `split` is the run's own section."""

    params: PriceLeakageParams
    split: SplitParams
    seed: int
    threads: int


def call(job: Job, data: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what the models call each test image under both splits, and flat facts about the comparison.

    The calls: `image_id, lr_image, lr_honest, cnn_image, cnn_honest`, sorted, indices of classes; no rows where no
    honest split is possible (`note` of the facts says why). Reads manifest, groups, ties, packed pixels and features of
    `data`; no test label reaches a model.

    Raises:
        HemapipeError: an input is missing or does not fit the others, or training fails.
    """
    manifest, groups = read_table(data / "manifest.csv", MANIFEST), read_table(data / "groups.csv", GROUPS)
    ties = read_table(data / "ties.csv", TIES)
    both = arms.draw(manifest, groups, ties, whole(job), job.seed)
    cnn = job.params.cnn
    names = {
        "lr_model": "logistic regression on " + " + ".join(dict.fromkeys(job.params.features)),
        "cnn_model": f"{cnn.arch or cnn.builder} at {cnn.px} px, epochs: {cnn.epochs}",
    }
    found = facts.facts(both, manifest, clusters(manifest, groups, ties)) | names
    if not both.tables:
        return pd.DataFrame(columns=CALLS), found
    calls = _calls(job, both, manifest, data)
    table = pd.concat([table.add_prefix(f"{model}_") for model, table in calls.items()], axis=1)
    return table.reset_index()[CALLS], found


def whole(job: Job) -> SplitParams:
    """Return the split to make: scheme, embargo and drop of the run, folds of the comparison, no validation images.

    Nothing is chosen here, so that nothing has to be validated; and more images to train on are nearer to a real run.
    """
    return SplitParams(
        scheme=job.split.scheme,
        n_folds=job.params.n_folds,
        test_frac=0.5,  # of a holdout, which is never made here
        val_frac=0,
        embargo=job.split.embargo,
        drop=job.split.drop,
    )


def _calls(job: Job, both: arms.Arms, manifest: pd.DataFrame, data: Path) -> dict[str, pd.DataFrame]:
    samples = arms.samples_of(both, manifest)
    features = read_features(data / "features", job.params.features, len(packed_rows(manifest)))
    packed, row = data / "packed" / f"{job.params.cnn.px}.npy", job.params.cnn
    return {
        "lr": models.logistic_regression(samples, features, job.threads),
        "cnn": models.network(samples, packed, row, classes(manifest), job.seed, job.threads),
    }
