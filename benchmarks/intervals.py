"""Seconds for the intervals of every metric of ten models on 12,500 images of four classes.

    python benchmarks/intervals.py [n_jobs]

With 89 groups (patients) and with 12,500 (every image its own), 2,000 resamples. Processor seconds are printed too, as
wall seconds depend on who else is at work; the bar is 20 s on two idle cores. Models are scored side by side, as DVC's
stages may be.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hemapipe.evaluation.bootstrap import intervals
from hemapipe.evaluation.metrics import scorer

N_IMAGES, N_MODELS, N_RESAMPLES, NAMES = 12_500, 10, 2000, ["benign", "early", "pre", "pro"]


def one_model(seed, n_groups):
    """Return the processor seconds of one model's intervals, and how many there are."""
    random = np.random.default_rng(seed)
    y = random.integers(0, len(NAMES), N_IMAGES)
    p = np.exp(random.normal(size=(N_IMAGES, len(NAMES))) + 1.5 * np.eye(len(NAMES))[y])
    started = time.process_time()
    found = intervals(
        scorer(y, p / p.sum(axis=1, keepdims=True), NAMES), np.arange(N_IMAGES) % n_groups, N_RESAMPLES, 1
    )
    return time.process_time() - started, len(found)


def main(n_jobs=2):
    """Print wall and processor seconds for both numbers of groups."""
    Parallel(n_jobs)(delayed(one_model)(seed, 5) for seed in range(n_jobs))  # workers up, imports done
    for n_groups in (89, N_IMAGES):
        started = time.perf_counter()
        found = Parallel(n_jobs)(delayed(one_model)(seed, n_groups) for seed in range(N_MODELS))
        wall, processor = time.perf_counter() - started, sum(seconds for seconds, _ in found)
        print(
            f"{N_MODELS} models, {N_IMAGES} images, {n_groups} groups, {found[0][1]} metrics, {N_RESAMPLES} resamples, "
            f"{n_jobs} processes: {wall:.1f} s (processor {processor:.1f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
