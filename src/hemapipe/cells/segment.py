"""Segment nuclei, white cells and red cells of a field, a crop around one cell, or a single cell on black."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from hemapipe.cells import masks
from hemapipe.cells.single import on_black, single_cell
from hemapipe.cells.stain import Stain, stain_maps

# Shares chosen on the synthetic truth and on overlays of real images (docs/cells.md).
_PURPLE_EDGE = 0.37  # the nuclear edge, as a share of the way from surroundings to nucleus
_PALEST = 0.08  # density of the palest cytoplasm
_BLUER = 0.25  # excess of blue over the red cells' own, as a share of the density: cytoplasm
_RIM_EDGE = 0.6  # the cell's edge, as a share of its cytoplasm's mean density …
_SHELL = 0.014  # … within this share of the side from the outside, which is how far blur reaches
_LEAST_BLUR = 0.4
_LARGEST_SIDE = 512  # px; larger images are shrunk, their labels enlarged again


@dataclass(frozen=True)
class Segmentation:
    """Label images, int32 height × width, 0 elsewhere: pixels of a cell carry its number, from 1.

    Attributes:
        nuclei: with the numbers of `white_cells`, so a cell of several nuclear lobes is one cell.
        white_cells: nucleus and cytoplasm.
        red_cells: with their pallor.
        platelets: stained like chromatin and too small for a nucleus; precipitate too, and nothing under 3 px.
        background: bool, the empty slide, or what is black around a single cell.
        single_cell: whether the image is one cell on a black surround.
    """

    nuclei: np.ndarray
    white_cells: np.ndarray
    red_cells: np.ndarray
    platelets: np.ndarray
    background: np.ndarray
    single_cell: bool


def segment(image: np.ndarray) -> Segmentation:
    """Segment an RGB uint8 height × width × 3 image.

    Raises:
        ValueError: the array is not uint8 height × width × 3 with at least one pixel.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"segment needs uint8 height × width × 3, got {image.dtype} {image.shape}")
    if on_black(image):
        cell, nucleus = single_cell(image)
        nothing = np.zeros(cell.shape, np.int32)
        return Segmentation(nucleus, cell, nothing, nothing, cell == 0, True)
    height, width = image.shape[:2]
    factor = min(1.0, _LARGEST_SIDE / max(height, width))
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    found = _segment_field(image if factor == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    if factor == 1:
        return found
    return Segmentation(
        nuclei=_enlarged(found.nuclei, (width, height)),
        white_cells=_enlarged(found.white_cells, (width, height)),
        red_cells=_enlarged(found.red_cells, (width, height)),
        platelets=_enlarged(found.platelets, (width, height)),
        background=_enlarged(found.background.astype(np.uint8), (width, height)).astype(bool),
        single_cell=False,
    )


def _enlarged(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)


def _segment_field(image: np.ndarray) -> Segmentation:
    side = max(image.shape[:2])
    maps = stain_maps(cv2.GaussianBlur(image, (0, 0), max(side / 220, _LEAST_BLUR)))
    cells = _foreground(maps)
    chromatin, threshold = _chromatin(maps, cells)
    nucleus = _nucleus_sized(chromatin)
    specks = chromatin & ~nucleus & (maps.purple > threshold)
    white = _white(maps, cells, nucleus)
    labels = _numbered(white, nucleus)
    red = _red(cells & (labels == 0) & ~specks)
    platelets = masks.components(masks.opened(specks & (labels == 0), side / 110))[0]
    background = ~(cells | (labels > 0) | (red > 0))
    return Segmentation(np.where(nucleus, labels, 0), labels, red, platelets, background, False)


def _foreground(maps: Stain) -> np.ndarray:
    """What absorbs: half the density of the paler cells, and clear of the empty slide's noise."""
    rough = maps.density > max(masks.otsu(maps.density, 1.0) * 0.5, _PALEST)
    if not rough.any():
        return rough
    return maps.density > np.clip(0.5 * np.quantile(maps.density[rough], 0.3), 0.07, 0.25)


def _chromatin(maps: Stain, cells: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the pixels of chromatin and Otsu's threshold of purple over the cells.

    Threshold purple over the cells, then anew about each nucleus, part of the way between it and what is around: this
    finds pale nuclei whole beside dark ones. The second time purple is smoothed over the grain of chromatin, whose
    size goes with the nucleus.
    """
    threshold = max(masks.otsu(maps.purple[cells], 1.5), 0.15)
    rough = cells & (maps.purple > threshold) & (maps.blue > 0)  # haemoglobin stained with eosin absorbs more blue
    if not rough.any():
        return rough, threshold
    outside = max(_median(maps.purple[cells & ~rough]), 0.0)
    labels, areas = masks.components(rough)
    level = _PURPLE_EDGE * _mean_by_label(maps.purple, labels, len(areas)) + (1 - _PURPLE_EDGE) * outside
    nearest, distance = masks.nearest_label(labels)
    radius = np.sqrt(np.sum(areas.astype(float) ** 2) / areas.sum() / np.pi)
    smooth = cv2.GaussianBlur(maps.purple, (0, 0), radius / 16) if radius > 16 else maps.purple
    return cells & (smooth > np.minimum(level[nearest], threshold)) & (distance < max(4, radius / 2)), threshold


def _nucleus_sized(chromatin: np.ndarray) -> np.ndarray:
    """Drop what is small beside the typical nucleus of the image; close small gaps in the rest."""
    side = np.sqrt(chromatin.size)
    solid = masks.with_holes_filled(masks.opened(chromatin, side / 200), 0.02 * chromatin.size)
    labels, areas = masks.components(solid)
    if not areas.any():
        return solid
    typical = np.sum(areas.astype(float) ** 2) / areas.sum()
    large = (areas >= max(0.2 * typical, 0.001 * chromatin.size))[labels] & solid
    return _opened_where_large(large, 0.15 * np.sqrt(typical / np.pi))


def _opened_where_large(nucleus: np.ndarray, radius: float) -> np.ndarray:
    """Cut off what clings to a nucleus; small ones, which the opening would eat, stay as they are."""
    smooth = masks.opened(nucleus, radius)
    labels, areas = masks.components(nucleus)
    kept = np.bincount(labels[smooth], minlength=len(areas))
    return nucleus & (smooth | (kept < 0.8 * areas)[labels])


def _white(maps: Stain, cells: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    """Nuclei with their cytoplasm: near a nucleus, absorbing, and bluer than the red cells of this image."""
    if not nucleus.any():
        return nucleus
    labels, areas = masks.components(nucleus)
    nearest, distance = masks.nearest_label(labels)
    # A lobe is smaller than the nucleus it belongs to: no reach is below that of the typical nucleus.
    radius = np.sqrt(np.maximum(areas, np.sum(areas.astype(float) ** 2) / areas.sum()) / np.pi)
    far = cells & (distance > 0.9 * radius[nearest])
    few = far.sum() < 0.2 * nucleus.sum()  # no red cells to speak of: then far is cytoplasm
    ratio = 0.0 if few else _median(maps.blue[far] / maps.density[far])
    bluer = maps.blue - ratio * maps.density > _BLUER * maps.density
    near = bluer & (distance < 0.9 * radius[nearest]) & ~nucleus
    rim = near & (maps.density > _PALEST)
    edge = np.clip(_RIM_EDGE * _mean_by_label(maps.density, np.where(rim, nearest, 0), len(areas)), _PALEST, 0.25)
    white = nucleus | rim
    shell = masks.depth(white) <= max(maps.density.shape) * _SHELL
    white &= ~shell | nucleus | (maps.density > edge[nearest])
    typical = float(np.median(areas[1:]))
    white = masks.opened(white, 0.15 * np.sqrt(typical / np.pi)) | nucleus
    return _touching(masks.with_holes_filled(white, 0.3 * float(areas.max())), nucleus)


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if values.size else 0.0


def _mean_by_label(values: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    totals = np.bincount(labels.ravel(), weights=values.ravel(), minlength=count)
    return totals / np.maximum(np.bincount(labels.ravel(), minlength=count), 1)


def _touching(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return the components of the mask that hold a seed."""
    labels, areas = masks.components(mask)
    held = np.bincount(labels[seeds], minlength=len(areas)) > 0
    held[0] = False
    return held[labels]


def _numbered(white: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    """Part touching cells; a part without nucleus is no cell."""
    if not white.any():
        return np.zeros(white.shape, np.int32)
    _, areas = masks.components(nucleus)
    radius = np.sqrt(np.median(areas[1:]) / np.pi)
    labels = masks.split_touching(white, 0.5 * radius)
    counts = np.bincount(labels[nucleus], minlength=labels.max() + 1)
    counts[0] = 0
    return masks.relabelled(np.where((counts > 0)[labels], labels, 0))


def _red(mask: np.ndarray) -> np.ndarray:
    """Fill pallors, part overlapping discs, drop fragments well below the typical cell."""
    mask = masks.without_small(mask, 0.0008 * mask.size)
    labels, areas = masks.components(mask)
    if not areas.any():
        return labels
    typical = float(np.median(areas[1:]))
    radius = np.sqrt(typical / np.pi)
    mask = masks.opened(masks.with_holes_filled(mask, typical), 0.12 * radius)
    return masks.split_touching(masks.without_small(mask, 0.25 * typical), 0.45 * radius, neck=0.92)
