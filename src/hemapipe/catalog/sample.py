"""Choose and read some images of each class, to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe import archive, images
from hemapipe.core.params import derive_seed


def sample_images(raw: Path, manifest: pd.DataFrame, seed: int, n_each: int = 16) -> dict[str, list[np.ndarray]]:
    """Return class → at most `n_each` intact images (uint8 H×W×3 RGB), chosen by `seed`, in order of path."""
    chosen: dict[str, list[np.ndarray]] = {}
    intact = manifest[(manifest["status"] == "ok") & (manifest["label"] != "")].sort_values("path")
    with archive.open_zip(raw) as opened:
        for label, rows in intact.groupby("label"):
            rng = np.random.default_rng(derive_seed(seed, "catalog", "sheet", str(label)))
            picked = sorted(rng.permutation(len(rows))[:n_each])
            decoded = [images.decode(archive.read(opened, path)) for path in rows["path"].iloc[picked]]
            chosen[str(label)] = [image.pixels for image in decoded if image.pixels is not None]
    return chosen
