"""What is true of each image: measured on its label image, or known because it was drawn so."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from hemapipe.smear.canvas import CYTOPLASM, NUCLEUS, RED_CELL

#: A red cell of which fewer pixels show is not counted.
MIN_VISIBLE_PX = 4
IMAGES = [
    *("path", "true_label", "patient", "sequence"),
    *("n_white", "nucleus_area_px", "cell_area_px", "nc_ratio", "nucleoli", "n_red"),  # see measure
    *("stain_hue", "stain_strength", "light", "focus_px", "background_leans", "scale_bar"),
]
FAULTS = ["path", "fault", "of_path", "detail"]


@dataclass(frozen=True)
class Shot:
    """An image file with its truth; `label` and `instance` are uint8 px × px (see canvas)."""

    patient: str
    sequence: int
    filed_as: str  # the label in its path
    true_label: str
    data: bytes
    label: np.ndarray
    instance: np.ndarray
    nucleoli: dict[int, int]
    known: dict[str, float] = field(default_factory=dict)  # of the slide and the camera

    @property
    def path(self) -> str:
        """Its place in the archive."""
        return f"images/{self.patient}/{self.filed_as}/{self.patient}-{self.sequence:03d}.jpg"


def measure(label: np.ndarray, instance: np.ndarray, nucleoli: dict[int, int]) -> dict[str, float]:
    """Return counts, and means per white cell, over what the field shows (cells cut by its edge included).

    Areas in pixels; `nc_ratio` is nucleus area / cell area (nucleus + cytoplasm), of all white cells together;
    `nucleoli` is their mean number per nucleus. Zeros where there is no white cell.
    """
    white = np.isin(label, (CYTOPLASM, NUCLEUS))
    numbers = np.unique(instance[white])
    red_sizes = np.bincount(instance[label == RED_CELL])
    n_white, n_cell, n_nucleus = len(numbers), int(white.sum()), int((label == NUCLEUS).sum())
    return {
        "n_white": n_white,
        "nucleus_area_px": n_nucleus / max(n_white, 1),
        "cell_area_px": n_cell / max(n_white, 1),
        "nc_ratio": n_nucleus / max(n_cell, 1),
        "nucleoli": sum(nucleoli.get(int(number), 0) for number in numbers) / max(n_white, 1),
        "n_red": int((red_sizes >= MIN_VISIBLE_PX).sum()),
    }


def image_table(shots: list[Shot]) -> pd.DataFrame:
    """Return truth/images.csv: a row per file, in the order of paths."""
    rows = [
        {"path": shot.path, "true_label": shot.true_label, "patient": shot.patient, "sequence": shot.sequence}
        | measure(shot.label, shot.instance, shot.nucleoli)
        | shot.known
        for shot in sorted(shots, key=lambda shot: shot.path)
    ]
    return pd.DataFrame(rows, columns=IMAGES)


def mask_arrays(shots: list[Shot]) -> bytes:
    """Return truth/masks.npz: `path` N, `label` and `instance` uint8 N × px × px, in the order of paths."""
    ordered = sorted(shots, key=lambda shot: shot.path)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        path=np.array([shot.path for shot in ordered]),
        label=np.stack([shot.label for shot in ordered]),
        instance=np.stack([shot.instance for shot in ordered]),
    )
    return buffer.getvalue()


def read_masks(raw: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return path → (label, instance), uint8 px × px each, of a generated archive."""
    with zipfile.ZipFile(raw) as opened, np.load(io.BytesIO(opened.read("truth/masks.npz"))) as arrays:
        return dict(zip(arrays["path"].tolist(), zip(arrays["label"], arrays["instance"], strict=True), strict=True))


def as_csv(table: pd.DataFrame) -> bytes:
    """Return the bytes of a CSV that depend on the content alone."""
    return table.to_csv(index=False, lineterminator="\n", float_format="%.7g").encode()
