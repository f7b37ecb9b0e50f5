"""Single images that fall out of their set: damaged, of poor quality, or unlike all others."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from hemapipe.audit import quality
from hemapipe.audit.findings import Finding, Panel, part
from hemapipe.audit.inputs import Inputs
from hemapipe.core.text import counted, some

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
        whole = "The one file decodes" if len(table) == 1 else f"All {len(table):,} files decode"
        return Finding("files", "Damaged files", "ok", f"{whole} to the end.", numbers=numbers)
    parts, listed = [], {}
    for words, rows in (("unreadable", unreadable), ("cut off", truncated)):
        if len(rows):
            parts.append(f"{len(rows):,} {words} ({some(sorted(rows['path']), 3)})")
            listed[words] = rows.sort_values("path")["image_id"].to_list()
    cards = [(str(image), "cut off") for image in truncated.sort_values("path")["image_id"]]
    return Finding(
        "files", "Damaged files", "warning", "; ".join(parts) + ".",
        "Fetch them again; hemapipe leaves unreadable files out, and cut-off ones by split.drop: truncated.",
        _panels("filler where the file ends", cards), len(cards), numbers, listed,
    )  # fmt: skip


def check_unlabelled(inputs: Inputs) -> Finding | None:
    """Report images without a label beside others that have one; None where there are none."""
    table = inputs.manifest
    without = table[table["label"] == ""].sort_values("path")
    if without.empty or len(without) == len(table):
        return None
    return Finding(
        "unlabelled", "Images without a label", "warning",
        f"{len(without):,} of {len(table):,} ({some(without['path'].to_list(), 3)}): they take part in the search for "
        "repeats and odd images, and in nothing else.",
        "Is that meant? Each {…} of a pattern stands for one folder or file name, so paths of one depth fit.",
        numbers={"n_unlabelled": len(without)}, listed={"without a label": without["image_id"].to_list()},
    )  # fmt: skip


def check_empty_classes(inputs: Inputs) -> Finding | None:
    """Report classes that have a folder but no image, or only images that no decoder opens; None without them."""
    table = inputs.manifest
    readable = set(table.loc[table["status"] != "unreadable", "label"])
    missing = sorted({*inputs.empty_classes, *(set(table["label"]) - readable - {""})})
    if not missing:
        return None
    return Finding(
        "empty_classes", "Classes without images", "warning",
        f"{some(missing)}: a folder, but no image that can be read.", "Add the images, or remove the folder.",
        numbers={"n_classes": len(missing)},
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
    panels, listed = [], {}
    for name, mask in found.items():
        order = np.flatnonzero(mask)[np.argsort(measures[mask][:, 0], kind="stable")]
        cards = [_card(inputs, row, sized=name == "odd_size") for row in order[:_PER_PANEL]]
        if cards:
            caption = f"{name.replace('_', ' ')}: {quality.PROBLEMS[name]}{part(len(cards), len(order))}"
            panels.append(Panel(caption, cards))
            listed[name] = inputs.rows["image_id"].iloc[order].to_list()
    return Finding(
        "quality", "Image quality", "warning", ", ".join(words) + ".",
        "Look at them; leave out what nobody could read, before the split, and say so.",
        panels, sum(numbers.values()), numbers, listed,
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
        {"unlike all others": inputs.rows["image_id"].iloc[rows].to_list()},
    )  # fmt: skip


def distances(embedding: np.ndarray) -> np.ndarray:
    """Return the mean distance to the nearest neighbours in the first principal components of (n, d) features."""
    n_neighbours = min(_NEIGHBOURS, len(embedding) - 1)
    if n_neighbours < 1 or not np.ptp(embedding, axis=0).any():
        return np.zeros(len(embedding))
    n_components = min(_COMPONENTS, *embedding.shape)
    reduced = PCA(n_components, random_state=0).fit_transform(StandardScaler().fit_transform(embedding))
    near, _ = NearestNeighbors(n_neighbors=n_neighbours).fit(reduced).kneighbors()
    return near.mean(axis=1)


def _panels(caption: str, cards: list[tuple[str, str]]) -> list[Panel]:
    shown = cards[:_SHOWN]
    return [Panel(caption, shown[start : start + _PER_PANEL]) for start in range(0, len(shown), _PER_PANEL)]


def _card(inputs: Inputs, row: int, sized: bool = False) -> tuple[str, str]:
    image = inputs.rows.iloc[row]
    size = f"{image['width']} × {image['height']}" if sized else ""
    return str(image["image_id"]), " · ".join(filter(None, [image["label"], image["patient"], size]))
