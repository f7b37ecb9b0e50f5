"""Single images that fall out of their set: damaged, of poor quality, or unlike all others."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from hemapipe.audit import quality
from hemapipe.audit.findings import Finding, Panel, counted, some
from hemapipe.audit.inputs import Inputs

_SHOWN = 12
_PER_PANEL = 6
_NEIGHBOURS = 10
_COMPONENTS = 50
_FAR = 6.0  # robust z of the logarithm of the distance: distances have a long right end


def check_files(inputs: Inputs) -> Finding:
    """List the files that cannot be decoded, or not to their end."""
    table = inputs.manifest
    unreadable, truncated = (table[table["status"] == status] for status in ("unreadable", "truncated"))
    numbers = {"n_unreadable": len(unreadable), "n_truncated": len(truncated)}
    if unreadable.empty and truncated.empty:
        return Finding("files", "Damaged files", "ok", f"All {len(table):,} files decode to the end.", numbers=numbers)
    parts = []
    for words, rows in (("unreadable", unreadable), ("cut off", truncated)):
        if len(rows):
            parts.append(f"{len(rows)} {words} ({some(sorted(rows['path']), 3)})")
    cards = [(str(image), "cut off") for image in truncated.sort_values("path")["image_id"]]
    return Finding(
        "files", "Damaged files", "warning", "; ".join(parts) + ".",
        "Fetch them again; hemapipe leaves unreadable files out, and cut-off ones by split.drop: truncated.",
        _panels("filler where the file ends", cards), len(cards), numbers,
    )  # fmt: skip


def check_quality(inputs: Inputs, measures: np.ndarray) -> Finding:
    """Judge sharpness, exposure, information and size from `quality.measure` of every decodable image."""
    found = quality.problems(measures, inputs.rows)
    numbers = {f"n_{name}": int(mask.sum()) for name, mask in found.items()}
    if not any(numbers.values()):
        return Finding("quality", "Image quality", "ok", "No image falls out of its set.", numbers=numbers)
    words = [
        f"{counted(int(mask.sum()), 'image')} {name.replace('_', ' ')}" for name, mask in found.items() if mask.any()
    ]
    panels = []
    for name, mask in found.items():
        order = np.flatnonzero(mask)[np.argsort(measures[mask][:, 0], kind="stable")]
        cards = [_card(inputs, row) for row in order[:_PER_PANEL]]
        panels += [Panel(f"{name.replace('_', ' ')}: {quality.PROBLEMS[name]}", cards)] if cards else []
    return Finding(
        "quality", "Image quality", "warning", ", ".join(words) + ".",
        "Look at them; leave out what nobody could read, before the split, and say so.",
        panels, len(panels), numbers,
    )  # fmt: skip


def check_outliers(inputs: Inputs) -> Finding:
    """List images far from their nearest neighbours among the features of the full image."""
    far = distances(np.asarray(inputs.embedding))
    z = quality.outlying(np.log(far + 1e-9))  # of copies the distance may be 0
    rows = np.argsort(-z, kind="stable")[: int((z > _FAR).sum())]
    numbers = {"n_outliers": len(rows)}
    if not len(rows):
        return Finding("outliers", "Outliers", "ok", "No image is unlike all others.", numbers=numbers)
    panels = _panels("far from every other image", [_card(inputs, row) for row in rows])
    return Finding(
        "outliers", "Outliers", "warning",
        f"{counted(len(rows), 'image')} far from the {_NEIGHBOURS} nearest others (robust z above {_FAR:g}).",
        "Look at them: another stain, another magnification, or no smear at all.", panels, len(rows), numbers,
    )  # fmt: skip


def distances(embedding: np.ndarray) -> np.ndarray:
    """Return the mean distance to the nearest neighbours in the first principal components of (n, d) features."""
    n_neighbours = min(_NEIGHBOURS, len(embedding) - 1)
    if n_neighbours < 1:
        return np.zeros(len(embedding))
    n_components = min(_COMPONENTS, *embedding.shape)
    reduced = PCA(n_components, random_state=0).fit_transform(StandardScaler().fit_transform(embedding))
    near, _ = NearestNeighbors(n_neighbors=n_neighbours).fit(reduced).kneighbors()
    return near.mean(axis=1)


def _panels(caption: str, cards: list[tuple[str, str]]) -> list[Panel]:
    shown = cards[:_SHOWN]
    return [Panel(caption, shown[start : start + _PER_PANEL]) for start in range(0, len(shown), _PER_PANEL)]


def _card(inputs: Inputs, row: int) -> tuple[str, str]:
    image = inputs.rows.iloc[row]
    return str(image["image_id"]), " · ".join(filter(None, [image["label"], image["patient"]]))
