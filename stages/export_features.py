"""Export what computes one feature set: `python -m stages.export_features <row of extract_features>`."""

from pathlib import Path

from hemapipe.core.params import load, lookup, read_params
from hemapipe.export.features import export_features
from hemapipe.features.params import FeatureRow
from hemapipe.predict.card import RECIPE
from stages.run import run


def main(name: str) -> None:
    """Write data/export/features/<name>/."""
    row = load(FeatureRow, f"extract_features.{name}")
    values = read_params()
    preprocess = {key: lookup(values, f"preprocess.{key}") for key in RECIPE}
    n_bytes = export_features(name, row, preprocess, Path("data/export/features") / name)
    print(f"{name}: {n_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
