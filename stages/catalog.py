"""List every file of data/raw.zip with label, patient, fingerprints and faults; draw 16 images of each class."""

from pathlib import Path

import numpy as np

from hemapipe import places, sources
from hemapipe.catalog import manifest as catalog
from hemapipe.catalog.sample import sample_images
from hemapipe.catalog.sheet import contact_sheet
from hemapipe.core.params import check, load, lookup, read_params
from hemapipe.core.tables import write_json, write_table
from stages.run import run

RAW = Path("data/raw.zip")


def main() -> None:
    """Write data/manifest.csv, data/places.npy, metrics/catalog.json and plots/catalog/sheet.png."""
    params = read_params()
    name = lookup(params, "download.source")
    source = sources.load(name)
    settings = check(source.Params, lookup(params, f"download.{name}"), f"download.{name}")
    table, metrics = catalog.build(RAW, source, settings, load(catalog.Params, "catalog"), lookup(params, "threads"))
    write_table(table, "data/manifest.csv")
    np.save("data/places.npy", places.find(RAW, table))
    write_json(metrics, "metrics/catalog.json")
    contact_sheet(sample_images(RAW, table, lookup(params, "seed")), Path("plots/catalog/sheet.png"))


if __name__ == "__main__":
    run(main)
