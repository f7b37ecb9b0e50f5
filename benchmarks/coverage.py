"""How often 95 % intervals hold the truth: simulated patients whose images share their luck.

    python benchmarks/coverage.py [n_simulations] [n_jobs]

Each world has 16, 40 or 80 patients of 20 to 150 cells, intraclass correlation .1. Proportions are beta-binomial: a
patient's own accuracy is beta distributed about the truth. Scores for the AUC are normal, with a normal patient effect.
Three intervals: ours (`bootstrap.intervals`: BCa over patients, widened for their number), the plain percentiles of the
same draws, and the naive one that takes every image for independent: Wilson's for accuracy, an image bootstrap for
balanced accuracy, DeLong's (1988) for the AUC. With 1,000 simulations, .95 is measured to ± .007 (one standard error).
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hemapipe.evaluation.bootstrap import distributions, intervals
from hemapipe.evaluation.wilson import wilson

ICC, N_RESAMPLES, TAILS = 0.1, 2000, [0.025, 0.975]
PATIENTS = (16, 40, 80)
CLASS_ACCURACIES = np.array([0.95, 0.9, 0.8, 0.75])  # of the four classes, a patient has one


def patients(random, truth):
    """Return cells and right ones per patient; the concentration (1 − ICC) / ICC makes the correlation."""
    cells = random.integers(20, 151, len(truth))
    concentration = (1 - ICC) / ICC
    return cells, random.binomial(cells, random.beta(concentration * truth, concentration * (1 - truth)))


def accuracy(random, n_patients, truth):
    """Return scorer, truth and naive interval."""
    cells, right = patients(random, np.full(n_patients, truth))
    return lambda w: {"m": w @ right / (w @ cells)}, truth, wilson(int(right.sum()), int(cells.sum()))


def balanced_accuracy(random, n_patients):
    """Return scorer, truth and naive interval."""
    kind = np.arange(n_patients) % 4
    cells, right = patients(random, CLASS_ACCURACIES[kind])
    of_class = np.eye(4)[kind]
    top, bottom = of_class * right[:, None], of_class * cells[:, None]

    def scorer(w):
        with np.errstate(invalid="ignore"):
            return {"m": np.nanmean((w @ top) / (w @ bottom), axis=1)}

    sums = np.concatenate([top.sum(axis=0), (bottom - top).sum(axis=0)])
    drawn = random.multinomial(int(sums.sum()), sums / sums.sum(), N_RESAMPLES)  # an image bootstrap, by its counts
    naive = np.quantile((drawn[:, :4] / (drawn[:, :4] + drawn[:, 4:])).mean(axis=1), TAILS)
    return scorer, CLASS_ACCURACIES.mean(), naive


def auc(random, n_patients, truth):
    """Return scorer, truth and naive interval; every other patient is ill."""
    ill = np.arange(n_patients) % 2 == 0
    cells = random.integers(20, 151, n_patients)
    owner = np.repeat(np.arange(n_patients), cells)
    shared = random.normal(0, np.sqrt(ICC), n_patients) + np.sqrt(2) * special.ndtri(truth) * ill
    scores = shared[owner] + random.normal(0, np.sqrt(1 - ICC), len(owner))
    order = np.argsort(scores, kind="stable")
    high, low = order[ill[owner[order]]], order[~ill[owner[order]]]
    above = np.zeros((len(low) + 1, n_patients))  # row i: how many of the i lowest negatives each patient has
    above[np.arange(1, len(low) + 1), owner[low]] = 1
    won_by_image = above.cumsum(axis=0)[np.searchsorted(scores[low], scores[high])]
    won = np.eye(n_patients)[owner[high]].T @ won_by_image  # pairs of patients
    n_high, n_low = cells * ill, cells * ~ill

    def scorer(w):
        with np.errstate(invalid="ignore"):
            return {"m": np.einsum("bi,ij,bj->b", w, won, w, optimize=True) / (w @ n_high) / (w @ n_low)}

    placed = won_by_image.sum(axis=1) / len(low)
    lost = 1 - np.searchsorted(scores[high], scores[low]) / len(high)
    half = -special.ndtri(0.025) * np.sqrt(placed.var(ddof=1) / len(placed) + lost.var(ddof=1) / len(lost))
    return scorer, truth, (placed.mean() - half, placed.mean() + half)


WORLDS = {
    "accuracy .85": partial(accuracy, truth=0.85),
    "accuracy .95": partial(accuracy, truth=0.95),
    "balanced accuracy .85": balanced_accuracy,
    "AUC .90": partial(auc, truth=0.9),
}


def covered(world, n_patients, number):
    """Return coverage and width of our, the percentile and the naive interval in one world."""
    random = np.random.default_rng([number, n_patients])
    scorer, truth, naive = world(random, n_patients)
    groups = np.arange(n_patients)
    ours = intervals(scorer, groups, N_RESAMPLES, number)["m"]
    percentile = np.quantile(distributions(scorer, groups, N_RESAMPLES, number)["m"].draws, TAILS)
    return [(low <= truth <= high, high - low) for low, high in (ours, percentile, naive)]


def main(n_simulations=1000, n_jobs=2):
    """Print coverage, and the mean width in brackets."""
    print(f"{n_simulations} simulations, {N_RESAMPLES} resamples, ICC {ICC}; coverage (mean width)\n")
    print("| metric | patients | ours | percentile | per image |\n|---|---|---|---|---|")
    for name, world in WORLDS.items():
        for n_patients in PATIENTS:
            work = (delayed(covered)(world, n_patients, number) for number in range(n_simulations))
            found = np.mean(Parallel(n_jobs)(work), axis=0)
            cells = " | ".join(f"{share:.3f} ({width:.3f})" for share, width in found)
            print(f"| {name} | {n_patients} | {cells} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
