"""Feature tables small enough to fit in a moment: three classes, separable but not perfectly, ten patients."""

from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe.core.tables import GROUPS, MANIFEST, write_table
from hemapipe.training.classical.params import TrainClassicalParams
from hemapipe.training.classical.runner import Job

NAMES = ["benign", "early", "pro"]
NEUTRAL = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.0, "crop_y": 0.0}


def make_data(folder: Path, n_images: int = 90, n_folds: int = 2, seed: int = 0, n_inner: int = 0) -> Path:
    """Write manifest, groups, augment, features `a` (6 columns) and `b` (2) and their empty variants."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 3, n_images)
    manifest = pd.DataFrame(
        {
            "image_id": [f"i{n:03d}" for n in range(n_images)],
            "label": np.array(NAMES)[label],
            "patient": [f"p{n % 10}" for n in range(n_images)],
            "status": "ok",
            "width": 64,
            "height": 64,
            "conflict": False,
        }
    ).reindex(columns=MANIFEST, fill_value="")
    write_table(manifest, folder / "manifest.csv")
    write_table(manifest[["image_id", "patient"]].set_axis(GROUPS, axis=1), folder / "groups.csv")
    values = random.normal(size=(n_images, 8)).astype(np.float32)
    values[np.arange(n_images), label] += 2.5
    for name, part in {"a": values[:, :6], "b": values[:, 6:]}.items():
        save(folder / "features" / f"{name}.npy", part)
        save(folder / "variants" / f"{name}.npy", np.zeros((0, 0), np.float32))
    folds = [_fold(manifest["image_id"], fold, n_inner) for fold in range(n_folds)]
    write_table(pd.concat(folds), folder / "augment.csv")
    return folder


def _fold(image_ids: pd.Series, fold: int, n_inner: int) -> pd.DataFrame:
    """Every third image is tested, two in nine validate; the next fold shifts by one. Inner folds go by patient."""
    place = (np.arange(len(image_ids)) + fold) % 9
    role = np.where(place % 3 == 0, "test", np.where(place % 4 == 1, "val", "train"))
    inner = np.where(role == "test", -1, np.arange(len(image_ids)) % 10 % n_inner if n_inner else -1)
    table = pd.DataFrame({"sample_id": image_ids + "+0", "image_id": image_ids, "variant": 0, **NEUTRAL})
    return table.assign(fold=fold, role=role, inner=inner)


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)


def job(kind: str = "logistic_regression", threads: int = 1, **changes) -> Job:
    """Return a job of `kind` on both sets; `args` and keys of the recipe may be given."""
    args = changes.pop("args", SMALL.get(kind, {}))
    grid = changes.pop("grid", None)
    return Job("toy", kind, ["a", "b"], args, TrainClassicalParams(**changes), 7, threads, grid)


#: Fewer trees, shorter training: the tests are about the plumbing.
SMALL: dict[str, dict] = {
    "random_forest": {"n_estimators": 20},
    "mlp": {"hidden_layer_sizes": [8], "alpha": 0.1, "learning_rate_init": 0.01, "max_iter": 60},
    "xgboost": {"n_estimators": 40, "colsample_bytree": 0.5},
}
