"""Small made-up tables, as the stages before `evaluate` write them."""

import numpy as np
import pandas as pd

from hemapipe.core.tables import MANIFEST

CLASSES = ["benign", "early", "pro"]


def manifest_and_groups(n=60, n_groups=12):
    """n images in n_groups groups, each group of one class."""
    table = pd.DataFrame("", index=range(n), columns=MANIFEST)
    group = np.arange(n) % n_groups
    table["image_id"] = [f"i{i:03d}" for i in range(n)]
    table["label"] = [CLASSES[g % 3] for g in group]
    return table, pd.DataFrame({"image_id": table["image_id"], "group": [f"g{g:02d}" for g in group]})


def predictions(manifest, groups, n_folds=3, seed=0, skill=1.5):
    """Predictions of every image in every fold; whole groups are tested once, the others train or are under embargo."""
    rng = np.random.default_rng(seed)
    y = manifest["label"].map(CLASSES.index).to_numpy()
    held = groups["group"].str[1:].astype(int).to_numpy() // 3 % max(n_folds, 2)
    parts = []
    for fold in range(n_folds):
        z = rng.normal(size=(len(y), 3)) + skill * np.eye(3)[y]
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        role = np.where(held == fold, "test", rng.choice(["train", "val", "embargo"], len(y)))
        rows = pd.DataFrame({"sample_id": manifest["image_id"] + "-0", "image_id": manifest["image_id"], "fold": fold})
        parts.append(rows.assign(role=role, **{f"p_{name}": p[:, c] for c, name in enumerate(CLASSES)}))
    return pd.concat(parts, ignore_index=True)


def calibration(n_folds=3, temperature=1.25):
    return {"folds": {str(fold): {"temperature": temperature} for fold in range(n_folds)}}
