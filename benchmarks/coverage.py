"""How often 95 % intervals hold the truth, and p values alarm at nothing: patients whose images share their luck.

    python benchmarks/coverage.py [n_simulations] [n_jobs]

Each world has 16, 40 or 80 patients of 20 to 150 cells, intraclass correlation .1. Proportions are beta-binomial: a
patient's own accuracy is beta distributed about the truth. Scores for the AUC are normal, with a normal patient effect.
Three intervals: ours (`bootstrap.intervals`: BCa over patients, widened for their number), the plain percentiles of the
same draws, and the naive one that takes every image for independent: Wilson's for accuracy, an image bootstrap for
balanced accuracy, DeLong's (1988) for the AUC. With 1,000 simulations, .95 is measured to ± .007 (one standard error).

Then the same for classes of few patients, and false alarms: twelve models of equal accuracy, eleven held against the
first. A patient's images are harder or easier for all models (logits with a standard deviation of .6) and for each
(.35). Single: share of comparisons with a p below .05, or an interval without 0; family: share of worlds with any
verdict after Holm.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hemapipe.evaluation.bootstrap import distributions, intervals
from hemapipe.evaluation.compare_models import degrees
from hemapipe.evaluation.paired import holm
from hemapipe.evaluation.wilson import wilson

ICC, N_RESAMPLES, TAILS = 0.1, 2000, [0.025, 0.975]
PATIENTS = (16, 40, 80)
CLASS_ACCURACIES = np.array([0.95, 0.9, 0.8, 0.75])  # of the four classes, a patient has one
N_MODELS, SHARED, OWN = 12, 0.6, 0.35
#: Patients, classes, patients of the rarest class.
EQUALS = [(8, 2, 4), (8, 4, 2), (16, 2, 8), (16, 2, 6), (16, 2, 5), (16, 4, 4), (40, 2, 20), (40, 4, 10)]
EQUALS += [(40, 4, n_rarest) for n_rarest in (7, 6, 5, 3, 2)]


def patients(random, truth):
    """Return cells and right ones per patient; the concentration (1 − ICC) / ICC makes the correlation."""
    cells = random.integers(20, 151, len(truth))
    concentration = (1 - ICC) / ICC
    return cells, random.binomial(cells, random.beta(concentration * truth, concentration * (1 - truth)))


def accuracy(random, n_patients, truth):
    """Return scorer, truth and naive interval."""
    cells, right = patients(random, np.full(n_patients, truth))
    return lambda w: {"m": w @ right / (w @ cells)}, truth, wilson(int(right.sum()), int(cells.sum()))


def kinds(n_patients, n_classes, n_rarest):
    """Return each patient's class: `n_rarest` have the last, the others are dealt evenly."""
    return np.r_[np.full(n_rarest, n_classes - 1), np.arange(n_patients - n_rarest) % (n_classes - 1)]


def balanced_accuracy(random, n_patients, n_rarest=None):
    """Return scorer, truth and naive interval; undefined, as `metrics.complete` has it, without all four classes."""
    kind = kinds(n_patients, 4, n_patients // 4 if n_rarest is None else n_rarest)
    cells, right = patients(random, CLASS_ACCURACIES[kind])
    of_class = np.eye(4)[kind]
    top, bottom = of_class * right[:, None], of_class * cells[:, None]

    def scorer(w):
        with np.errstate(invalid="ignore"):
            return {"m": np.mean((w @ top) / (w @ bottom), axis=1)}

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


def alarms(n_patients, n_classes, n_rarest, number):
    """Return single false alarms of p and of the interval, and whether the family has one, among equal models."""
    random = np.random.default_rng([number, n_patients])
    kind, cells = kinds(n_patients, n_classes, n_rarest), random.integers(20, 151, n_patients)
    easy = special.logit(CLASS_ACCURACIES[kind])[:, None] + random.normal(0, SHARED, (n_patients, 1))
    right = random.binomial(cells[:, None], special.expit(easy + random.normal(0, OWN, (n_patients, N_MODELS))))
    of_class = np.eye(n_classes)[kind]
    top = (of_class[:, :, None] * right[:, None]).reshape(n_patients, -1)

    def scorer(w):
        with np.errstate(invalid="ignore"):
            recall = (w @ top).reshape(len(w), n_classes, -1) / (w @ (of_class * cells[:, None]))[:, :, None]
        value = recall.mean(axis=1)
        return {str(model): value[:, model] - value[:, 0] for model in range(1, N_MODELS)}

    groups = np.arange(n_patients)
    found = distributions(scorer, groups, N_RESAMPLES, number).values()
    few = degrees(kind, groups, "balanced_accuracy")
    p, ends = np.array([one.p_value(degrees=few) for one in found]), np.array([one.interval() for one in found])
    return np.mean(p < 0.05), np.mean((ends[:, 0] > 0) | (ends[:, 1] < 0)), np.any(holm(p) < 0.05)


def coverage(worlds, sizes, n_simulations, n_jobs):
    """Print a row for every world and number of patients: coverage, and the mean width in brackets."""
    for name, world in worlds.items():
        for n_patients in sizes:
            work = (delayed(covered)(world, n_patients, number) for number in range(n_simulations))
            found = np.mean(Parallel(n_jobs)(work), axis=0)
            cells = " | ".join(f"{share:.3f} ({width:.3f})" for share, width in found)
            print(f"| {name} | {n_patients} | {cells} |", flush=True)


def main(n_simulations=1000, n_jobs=2):
    """Print the tables of docs/statistics.md."""
    print(f"{n_simulations} simulations, {N_RESAMPLES} resamples, ICC {ICC}; coverage (mean width)\n")
    print("| metric | patients | ours | percentile | per image |\n|---|---|---|---|---|")
    coverage(WORLDS, PATIENTS, n_simulations, n_jobs)
    rare = {
        f"balanced accuracy .85, {n} of a class": partial(balanced_accuracy, n_rarest=n) for n in (2, 3, 4, 5, 6, 7)
    }
    coverage(rare, (40,), n_simulations, n_jobs)
    print("\n| patients | classes | of the rarest | single: p | interval | family |\n|---|---|---|---|---|---|")
    for equals in EQUALS:
        work = (delayed(alarms)(*equals, number) for number in range(n_simulations))
        rates = np.mean(Parallel(n_jobs)(work), axis=0)
        print(f"| {' | '.join(map(str, equals))} | {' | '.join(f'{rate:.3f}' for rate in rates)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
