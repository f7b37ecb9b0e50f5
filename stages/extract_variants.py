"""Extract one feature set from the planned variants too, where `augment.features` asks for it.

`python -m stages.extract_variants <row of extract_features>`
"""

from pathlib import Path

import numpy as np

from hemapipe.core import params
from hemapipe.core.tables import AUGMENT, MANIFEST, read_table
from hemapipe.features.extract import write_features
from hemapipe.features.params import FeatureRow
from hemapipe.features.variants import VariantImages
from stages.run import run


def main(name: str) -> None:
    """Write data/variants/<name>.npy, a row per distinct variant of the plan; without any rows where not asked for."""
    row = params.load(FeatureRow, f"extract_features.{name}")
    values = params.read_params()
    plan = read_table("data/augment.csv", AUGMENT)
    wanted = plan if params.lookup(values, "augment.features") else plan.iloc[:0]
    packed = np.load(f"data/packed/{row.px}.npy", mmap_mode="r")
    images = VariantImages(packed, read_table("data/manifest.csv", MANIFEST), wanted)
    threads = params.lookup(values, "threads")
    n_images, _ = write_features(images, row, threads, Path(f"data/variants/{name}.npy"))
    print(f"{name}: features of {n_images} variants")


if __name__ == "__main__":
    run(main)
