"""A data set small enough to train networks on in a second: three classes told apart by colour and stripes."""

from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe.core.tables import AUGMENT, MANIFEST, OPS
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.runner import Inputs, Job

CLASSES = ["blast", "early", "normal"]
NEUTRAL = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.5, "crop_y": 0.5}


def write_inputs(folder: Path, n_images: int = 48, n_folds: int = 2, px: int = 32, variants: bool = True) -> Inputs:
    """Write packed array, manifest and augmentation plan; roles turn through test, val, train, train by fold."""
    rng = np.random.default_rng(5)
    labels = [CLASSES[index % 3] for index in range(n_images)]
    images = rng.integers(0, 60, (n_images, px, px, 3)).astype(np.uint8)
    for index in range(n_images):
        images[index, :: 2 + index % 3, :, index % 3] += 120
    packed = folder / f"{px}.npy"
    np.save(packed, images)
    manifest = pd.DataFrame(dict.fromkeys(MANIFEST, ""), index=range(n_images))
    manifest["image_id"] = [f"i{index:03d}" for index in range(n_images)]
    manifest = manifest.assign(label=labels, status="ok", width=px, height=px, conflict=False)
    manifest.to_csv(folder / "manifest.csv", index=False)
    plan(manifest, n_folds, variants).to_csv(folder / "augment.csv", index=False)
    return Inputs(packed, folder / "manifest.csv", folder / "augment.csv")


def plan(manifest: pd.DataFrame, n_folds: int, variants: bool) -> pd.DataFrame:
    rows = []
    for fold in range(n_folds):
        for index, image_id in enumerate(manifest["image_id"]):
            role = ("test", "val", "train", "train")[(index // 3 + fold) % 4]
            row = {"image_id": image_id, **NEUTRAL, "fold": fold, "role": role, "inner": -1}
            rows.append({"sample_id": f"{image_id}-0", "variant": 0, **row})
            if variants and role == "train" and index % 5 == 0:
                rows.append({"sample_id": f"{image_id}-1", "variant": 1, **row, "turns": 1, "angle": 10.0})
    return pd.DataFrame(rows)[AUGMENT]


def job(name: str = "lenet", builder: str = "lenet", arch: str = "lenet", px: int = 32, **recipe: object) -> Job:
    """A job for the toy data; `recipe` are keys of `train_cnn`."""
    params = TrainParams(**{"epochs": 2, "batch_size": 8, "accelerator": "cpu", **recipe})
    return Job(name, builder, arch, px, "scratch", params, seed=3, threads=1)


assert set(OPS) <= set(NEUTRAL)
