"""The feature files as classical training reads them: which variants have rows, and sets put side by side."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemapipe.core.errors import HemapipeError

_VARIANT = ["image_id", "variant"]


class Features(NamedTuple):
    """Feature vectors, and whose they are.

    `values` (n, d), float32: originals in packed order, then variants. `position`: index of a sample → its row of
    `values`; samples without features (variants, where `augment.features` is false) are absent.
    """

    values: np.ndarray
    position: pd.Series


def planned_variants(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct variants (variant > 0) of a sample table, sorted by image and variant, index 0..n-1.

    A variant's transform is equal in all folds, so each has its features extracted once.
    """
    variants = samples[samples["variant"] > 0].drop_duplicates(_VARIANT)
    return variants.sort_values(_VARIANT).reset_index(drop=True)


def load_features(
    samples: pd.DataFrame, n_images: int, names: list[str], features_dir: Path, variants_dir: Path
) -> Features:
    """Return the feature sets `names` side by side (one named twice counts once) for the samples of `load_samples`.

    Originals are in `features_dir/<name>.npy`, `n_images` rows in packed order; variants in `variants_dir/<name>.npy`,
    a row for each of `planned_variants(samples)`, or none where `augment.features` is false.

    Raises:
        HemapipeError: a file is missing, holds a value that is not finite, or does not fit the sample table.
    """
    names = list(dict.fromkeys(names))
    variants = planned_variants(samples)
    originals = read_features(features_dir, names, n_images)
    blocks = [_read(variants_dir / f"{name}.npy", [0, len(variants)]) for name in names]
    position = samples.loc[samples["variant"] == 0, "row"]
    if not all(map(len, blocks)):
        return Features(originals, position)
    place = pd.Series(len(originals) + variants.index, index=pd.MultiIndex.from_frame(variants[_VARIANT]))
    others = samples[samples["variant"] > 0]
    found = place.loc[pd.MultiIndex.from_frame(others[_VARIANT])].to_numpy()
    position = pd.concat([position, pd.Series(found, index=others.index)]).reindex(samples.index)
    return Features(np.vstack([originals, np.hstack(blocks)]), position)


def read_features(folder: Path, names: list[str], n_images: int) -> np.ndarray:
    """Return the features of the originals in `folder`, sets `names` side by side, one named twice counted once.

    Raises:
        HemapipeError: a file is missing, has other than `n_images` rows, or holds a value that is not finite.
    """
    return np.hstack([_read(folder / f"{name}.npy", [n_images]) for name in dict.fromkeys(names)])


def _read(path: Path, lengths: list[int]) -> np.ndarray:
    """Return one feature file (n, d), where n must be one of `lengths`."""
    if not path.exists():
        raise HemapipeError(f"{path} not found: is `{path.stem}` a row of extract_features? `dvc repro` makes it")
    values = np.load(path)
    if len(values) not in lengths:
        expected = " or ".join(map(str, sorted(set(lengths))))
        raise HemapipeError(f"{path} has {len(values)} rows, not {expected}: `dvc repro` extracts it again")
    if not np.isfinite(values).all():
        raise HemapipeError(
            f"{path} holds values that are not finite (column {np.argwhere(~np.isfinite(values))[0][1]})"
        )
    return values
