"""Augmentation before the split, as one paper did it: siblings of one image end up on both sides.

Kept apart so that nobody takes it for the rule. It shows by how much a result is inflated by this.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.augment.params import AugmentParams
from hemapipe.augment.plan import count_variants, repeat, with_ops
from hemapipe.core.params import derive_seed
from hemapipe.split.units import holdout, kfold


def plan_before_split(
    splits: pd.DataFrame,
    labels: pd.Series,
    params: AugmentParams,
    seed: int,
    n_folds: int,
    test_frac: float,
    val_frac: float,
) -> pd.DataFrame:
    """Return a sample table (columns `tables.AUGMENT`) whose roles were dealt to samples, not to images.

    All images of `splits` are balanced to `params.to` first; then samples, not images, are split at random with
    class shares kept: `n_folds` folds, or a holdout of `test_frac`, and `val_frac` of the rest. The roles in `splits`
    and its scheme are not used.

    Raises:
        HemapipeError: a class has more images than `params.to`, or fewer samples than folds.
    """
    images = splits[["image_id"]].drop_duplicates().sort_values("image_id", ignore_index=True)
    samples = repeat(images, count_variants(images["image_id"], labels, params.to, seed))
    classes = samples["image_id"].map(labels).to_numpy(str)
    folds = []
    for fold, test in enumerate(_tests(classes, n_folds, test_frac, derive_seed(seed, "augment", "test"))):
        roles = np.where(test, "test", "train").astype("<U5")
        if val_frac > 0:
            pool = np.flatnonzero(~test)
            val_seed = derive_seed(seed, "augment", "val", str(fold))
            roles[pool[holdout(classes[pool], None, val_frac, val_seed, "validation")]] = "val"
        folds.append(samples.assign(fold=fold, role=roles, inner=-1))
    return with_ops(pd.concat(folds, ignore_index=True), params, seed)


def _tests(classes: np.ndarray, n_folds: int, test_frac: float, seed: int) -> list[np.ndarray]:
    if n_folds > 1:
        return kfold(classes, None, n_folds, seed)
    return [holdout(classes, None, test_frac, seed, "a test set")]
