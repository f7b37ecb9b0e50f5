"""A stack: logistic regression on the members' log-probabilities, one weight per member, fitted on validation rows.

Stacked generalisation (Wolpert, Neural Networks 5:241, 1992) with class probabilities as level-1 data, a multinomial
logit on top (Ting and Witten, J. Artif. Intell. Res. 10:271, 1999) and weights that are not negative (Breiman, Stacked
regressions, Machine Learning 24:49, 1996). A member's weight is the same for every class, as in McFadden's conditional
logit (1974): p ∝ Π p_m ^ w_m. With a coefficient per class and member instead, three members of four classes have 52
numbers to fit on the few patients of a validation set, and nothing is known of a class whose one patient is held out.
With one member the weight is 1 / T of temperature scaling.

A ridge holds the weights near 1 / m, the geometric mean of the members, the more the fewer groups speak against it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from hemapipe.core.errors import HemapipeError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]

#: Strength of the ridge, over the number of groups. Of .01 to 3, .1 and .3 had the least cross-fitted log loss on the
#: validation rows of six triples of the default run's models (.612 and .613; .768 without a ridge, a vote .679).
RIDGE = 0.3
HIGHEST = 20.0
#: Probabilities are held at or above this before the logarithm, so that one certain mistake is no infinite lever.
LEAST = 1e-6
N_FOLDS = 5


def level_one(members: list[Floats]) -> Floats:
    """Return the log-probabilities (m, n, k) of m members (n, k)."""
    return np.log(np.maximum(np.stack(members), LEAST))


def predict(x: Floats, weights: Floats) -> Floats:
    """Return probabilities (n, k) of level-1 data `x` (m, n, k) under `weights` (m,)."""
    return np.exp(log_softmax(np.tensordot(weights, x, 1), axis=1))


def fit(x: Floats, y: Ints, groups: Names) -> Floats:
    """Return the weights (m,) in 0..HIGHEST of least penalised negative log likelihood.

    The loss is convex. Weights have six decimals, so that the last bits of a processor do not show.

    Args:
        x: (m, n, k) level-1 data.
        y: (n,) class indices.
        groups: (n,) whose number sets the ridge.
    """
    of_truth = x[:, np.arange(len(y)), y]  # (m, n)
    ridge, even = RIDGE / len(np.unique(groups)), 1 / len(x)

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_p = log_softmax(np.tensordot(weights, x, 1), axis=1)
        expected = np.einsum("nk,mnk->mn", np.exp(log_p), x)
        off = weights - even
        penalised = -float(log_p[np.arange(len(y)), y].mean()) + ridge * float(off @ off)
        return penalised, (expected - of_truth).mean(axis=1) + 2 * ridge * off

    start = np.full(len(x), even)
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, HIGHEST)] * len(x), options=options)
    return np.round(found.x, 6)


def cross_fit(x: Floats, y: Ints, groups: Names) -> Floats:
    """Return probabilities (n, k) of each row under weights that were fitted without the row's group (n,).

    Raises:
        HemapipeError: all rows belong to one group.
    """
    fold = deal(groups)
    if fold.max() < 1:
        raise HemapipeError(
            "the validation rows are all of one group, so a stack cannot be tried on rows it was not fitted on: "
            "raise split.val_frac, or use kind: vote"
        )
    p = np.zeros(x.shape[1:])
    for one in range(fold.max() + 1):
        held_out = fold == one
        p[held_out] = predict(x[:, held_out], fit(x[:, ~held_out], y[~held_out], groups[~held_out]))
    return p


def deal(groups: Names) -> Ints:
    """Return the fold (n,) of each row: up to `N_FOLDS`, groups whole, each to the fold with the fewest rows so far.

    Largest group first, then by name: scikit-learn's `GroupKFold` leaves the order of equal ones to the processor.
    """
    names, member, n_rows = np.unique(groups, return_inverse=True, return_counts=True)
    filled = np.zeros(min(N_FOLDS, len(names)), np.int64)
    fold_of = np.zeros(len(names), np.int64)
    for group in np.argsort(-n_rows, kind="stable"):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += n_rows[group]
    return fold_of[member]
