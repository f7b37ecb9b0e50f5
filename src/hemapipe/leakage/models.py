"""The two models of the comparison, each fitted on every fold of both arms; calls on test images are what comes out.

A call is the index of the class with the largest probability. No test label is known here: see `samples.load_samples`.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import derive_seed
from hemapipe.models import classical
from hemapipe.training.cnn.params import CnnRow

Fit = Callable[[pd.DataFrame], np.ndarray]


def logistic_regression(samples: pd.DataFrame, features: np.ndarray, threads: int) -> pd.DataFrame:
    """Return the calls of a logistic regression on frozen `features` (n, d), rows as in the packed arrays.

    Standardised on the training rows, C and all else as in `models.classical`, classes weighted to equal sums.
    """
    with threadpool_limits(1):  # linear algebra in one thread: sums in one order
        return _calls(samples, _Logistic(features), threads, prefer="threads")


def network(
    samples: pd.DataFrame, packed: Path, row: CnnRow, class_names: list[str], seed: int, threads: int
) -> pd.DataFrame:
    """Return the calls of the network `row`; fold i has the same seed in both arms.

    Each fit has a process of its own with one thread, `threads` of them side by side: small networks gain more from
    that than from threads, and the result does not depend on their number.

    Raises:
        HemapipeError: no such packed array, or what `training.cnn.fit` raises.
    """
    if not packed.exists():
        raise HemapipeError(f"{packed} not found: price_leakage.cnn.px must be one of preprocess.px")
    return _calls(samples, _Network(packed, row, class_names, seed), threads, prefer="processes")


class _Logistic:
    """Fits one fold; `features` are shared by the threads."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features

    def __call__(self, part: pd.DataFrame) -> np.ndarray:
        train, test = part[part["role"] == "train"], part[part["role"] == "test"]
        y = train["target"].to_numpy()
        x = self.features[train["row"]]
        pipeline = classical.build("logistic_regression", {}, n_features=x.shape[1], scale=True, pca=0, seed=0)
        classical.fit(pipeline, x, y, compute_sample_weight("balanced", y))
        return pipeline.predict(self.features[test["row"]])


class _Network:
    """Fits one fold, in a process that imports torch itself."""

    def __init__(self, packed: Path, row: CnnRow, class_names: list[str], seed: int) -> None:
        self.packed, self.row, self.class_names, self.seed = packed, row, class_names, seed

    def __call__(self, part: pd.DataFrame) -> np.ndarray:
        import torch

        from hemapipe.training.cnn.fit import device_of, fit
        from hemapipe.training.cnn.predict import predict
        from hemapipe.training.cnn.store import make_card

        torch.set_num_threads(1)
        row, fold, arm = self.row, part["fold"].iloc[0], part["arm"].iloc[0]
        arch = row.arch or row.builder
        card = make_card(row.builder, arch, row.px, self.class_names)
        packed = np.load(self.packed, mmap_mode="r")
        seed = derive_seed(self.seed, "price_leakage", f"fold{fold}")
        title = f"price_leakage  {arch}  split by {arm}" if arm == "image" else f"price_leakage  {arch}  honest split"
        # Progress bars of several processes would write over one another: a line per fit, at its end.
        with contextlib.redirect_stdout(io.StringIO()):
            fitted = fit(card, row.weights, packed, part, row, seed, title=title)
        print(f"{title}  fold {fold + 1}  train_loss {fitted.rows[-1]['train_loss']:.4f}", flush=True)
        test = part[part["role"] == "test"]
        return predict(fitted.classifier, packed, test, row.batch_size, device_of(row)).argmax(axis=1)


def _calls(samples: pd.DataFrame, fit: Fit, threads: int, prefer: str) -> pd.DataFrame:
    """Return the table of calls: index image_id, sorted, a column per arm."""
    parts = [part for _, part in samples.groupby(["arm", "fold"])]
    done = Parallel(n_jobs=min(threads, len(parts)), prefer=prefer)(delayed(fit)(part) for part in parts)
    found = [
        part.loc[part["role"] == "test", ["arm", "image_id"]].assign(call=calls)
        for part, calls in zip(parts, done, strict=True)
    ]
    return pd.concat(found).pivot(index="image_id", columns="arm", values="call").astype("int64")
