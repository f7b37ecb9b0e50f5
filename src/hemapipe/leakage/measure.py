"""The whole comparison, from the pipeline's tables, features and packed pixels to flat metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from hemapipe.core.tables import GROUPS, MANIFEST, TIES, classes, packed_rows, read_table
from hemapipe.leakage import arms, models, price
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.split.params import SplitParams


class Job(NamedTuple):
    """What to compare, and the seed and threads of the run; `split` is the run's own section."""

    params: PriceLeakageParams
    split: SplitParams
    n_resamples: int
    seed: int
    threads: int


def measure(job: Job, data: Path) -> dict[str, Any]:
    """Return the flat metrics of `price.facts` and `price.price`, and what the two models are.

    Reads manifest, groups, ties, packed pixels and features of `data`. Where no honest split is possible there are no
    scores, and `note` says why.

    Raises:
        HemapipeError: an input is missing or does not fit the others, or training fails.
    """
    manifest, groups = read_table(data / "manifest.csv", MANIFEST), read_table(data / "groups.csv", GROUPS)
    ties = read_table(data / "ties.csv", TIES)
    both = arms.draw(manifest, groups, ties, whole(job), job.seed)
    drawn = clusters(groups, ties)
    cnn = job.params.cnn
    names = {
        "lr_model": "logistic regression on " + " + ".join(dict.fromkeys(job.params.features)),
        "cnn_model": f"{cnn.arch or cnn.builder} at {cnn.px} px, {cnn.epochs} epochs",
    }
    metrics = price.facts(both, manifest, drawn) | names
    if both.tables:
        calls = _calls(job, both, manifest, data)
        labels = manifest.set_index("image_id")["label"]
        metrics |= price.price(calls, labels, drawn, classes(manifest), job.n_resamples, job.seed)
    return metrics


def clusters(groups: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """Return image_id → what the intervals draw whole: the session where one is known, else the group.

    Sessions exist where patients are unknown; neighbours in capture order are then no independent evidence, even if
    `group.by` lets a split cut sessions.
    """
    session = ties.set_index("image_id")["session"]
    known = "session:" + session[session != ""]
    return known.reindex(groups["image_id"]).fillna(groups.set_index("image_id")["group"])


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
    features = models.read_features(data / "features", job.params.features, len(packed_rows(manifest)))
    packed, row = data / "packed" / f"{job.params.cnn.px}.npy", job.params.cnn
    return {
        "lr": models.logistic_regression(samples, features, job.threads),
        "cnn": models.network(samples, packed, row, classes(manifest), job.seed, job.threads),
    }
