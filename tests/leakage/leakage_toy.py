"""Made-up patients whose own colour gives them away, or not, as the stages before `train_leakage` write them."""

from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe.core.tables import GROUPS, MANIFEST, TIES, read_table, write_table
from hemapipe.group.clusters import clusters
from hemapipe.leakage import price
from hemapipe.leakage.calls import Job, call
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.split.params import SplitParams

CLASSES = ["benign", "early"]
PX = 32


def write_inputs(data: Path, signature: bool, n_patients: int = 16, each: int = 10, seed: int = 0) -> Path:
    """Write tables, features and pixels. With `signature` a patient's images share a colour that tells the patient but
    not the class; without it every image has a colour of its own. The class shows faintly in both.
    """
    rng = np.random.default_rng(seed)
    n = n_patients * each
    patient = np.arange(n) // each
    y = patient % 2
    colour = rng.normal(0, 1, (n_patients, 12))[patient] if signature else rng.normal(0, 1, (n, 12))
    features = np.hstack([3 * colour, y[:, None] + rng.normal(0, 1.0, (n, 1))]) + rng.normal(0, 0.3, (n, 13))
    pixels = 128 + 40 * colour[:, None, None, :3] + rng.normal(0, 8, (n, PX, PX, 3))
    manifest = pd.DataFrame("", index=range(n), columns=MANIFEST)
    manifest["image_id"] = [f"i{i:03d}" for i in range(n)]
    manifest["patient"] = [f"P{p:02d}" for p in patient]
    manifest["label"] = [CLASSES[c] for c in y]
    manifest["sequence"] = [f"{i:03d}" for i in range(n)]
    manifest["sha256"] = [f"{i:064x}" for i in range(n)]
    manifest = manifest.assign(status="ok", width=PX, height=PX, conflict=False)
    write_table(manifest, data / "manifest.csv")
    write_table(
        pd.DataFrame({"image_id": manifest["image_id"], "group": manifest["patient"]})[GROUPS], data / "groups.csv"
    )
    write_table(
        pd.DataFrame({"image_id": manifest["image_id"], "near_repeat": "", "session": ""})[TIES], data / "ties.csv"
    )
    for folder in ("features", "packed"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    np.save(data / "features/toy.npy", features.astype(np.float32))
    np.save(data / f"packed/{PX}.npy", pixels.clip(0, 255).astype(np.uint8))
    return data


def job(scheme: str = "group", n_folds: int = 2, threads: int = 1, **cnn: object) -> Job:
    """A comparison on the toy data with a tiny network, one epoch unless told otherwise."""
    row = {"builder": "lenet", "px": PX, "epochs": 1, "batch_size": 16, "accelerator": "cpu", **cnn}
    params = PriceLeakageParams(n_folds=n_folds, features=["toy", "toy"], cnn=row)
    split = SplitParams(scheme=scheme, n_folds=5, test_frac=0.2, val_frac=0.2, embargo=0, drop=["duplicate"])
    return Job(params, split, seed=7, threads=threads)


def measure(compared: Job, data: Path) -> dict:
    """What the two stages write into metrics/leakage.json."""
    calls, facts = call(compared, data)
    manifest = read_table(data / "manifest.csv", MANIFEST)
    drawn = clusters(manifest, read_table(data / "groups.csv", GROUPS), read_table(data / "ties.csv", TIES))
    drawn = drawn.set_index("image_id")["group"]
    return facts | price.price(calls, manifest.set_index("image_id")["label"], drawn, CLASSES, 200, seed=7)
