"""Turn the original images into one feature set: `python -m stages.extract_features <row of extract_features>`."""

import time
from pathlib import Path

import numpy as np

from hemapipe.core import params
from hemapipe.core.tables import write_json
from hemapipe.features.extract import write_features
from hemapipe.features.params import FeatureRow
from stages.run import run


def main(name: str) -> None:
    """Write data/features/<name>.npy, a row per row of the packed array, and how long it took."""
    began = time.perf_counter()
    row = params.load(FeatureRow, f"extract_features.{name}")
    images = np.load(f"data/packed/{row.px}.npy", mmap_mode="r")
    threads = params.lookup(params.read_params(), "threads")
    n_images, n_features = write_features(images, row, threads, Path(f"data/features/{name}.npy"))
    seconds = time.perf_counter() - began
    timing = {"stage": "extract_features", "name": name, "seconds": seconds, "images_per_second": n_images / seconds}
    write_json(timing, f"data/timing/extract_features-{name}.json")
    print(f"{name}: {n_features} features of {n_images} images")


if __name__ == "__main__":
    run(main)
