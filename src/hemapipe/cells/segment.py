"""Segment nuclei, white cells and red cells of a field, a crop around one cell, or a single cell on black."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from hemapipe.cells import masks
from hemapipe.cells.single import on_black, single_cell
from hemapipe.cells.stain import Stain, stain_maps

_LARGEST_SIDE = 512  # px; larger images are shrunk, their labels enlarged again


@dataclass(frozen=True)
class Segmentation:
    """Label images, int32 height × width, 0 elsewhere: pixels of a cell carry its number, from 1.

    `nuclei` uses the numbers of `white_cells`, so a cell of several nuclear lobes is one cell; `platelets` holds what
    is stained like chromatin and too small for a nucleus. `background` is bool, the empty slide. `single_cell` says
    that the image is one cell on a black surround, the background then being black.
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
    labels = (found.nuclei, found.white_cells, found.red_cells, found.platelets, found.background.astype(np.uint8))
    big = [cv2.resize(each, (width, height), interpolation=cv2.INTER_NEAREST) for each in labels]
    return Segmentation(*big[:4], big[4].astype(bool), False)


def _segment_field(image: np.ndarray) -> Segmentation:
    side = max(image.shape[:2])
    maps = stain_maps(cv2.GaussianBlur(image, (0, 0), max(side / 220, 0.4)))
    cells = _foreground(maps)
    chromatin = _chromatin(maps, cells)
    nucleus = _nucleus_sized(chromatin)
    specks = chromatin & ~nucleus
    white = _white(maps, cells, nucleus)
    labels = _numbered(white, nucleus)
    red, _ = _red(cells & (labels == 0) & ~specks)
    platelets = masks.components(specks & (labels == 0))[0]
    background = ~(cells | (labels > 0) | (red > 0))
    return Segmentation(np.where(nucleus, labels, 0), labels, red, platelets, background, False)


def _foreground(maps: Stain) -> np.ndarray:
    """What absorbs: half the density of the typical cell, and clear of the empty slide's noise."""
    rough = maps.density > max(masks.otsu(maps.density, 1.0) * 0.5, 0.08)
    if not rough.any():
        return rough
    return maps.density > np.clip(0.45 * np.median(maps.density[rough]), 0.07, 0.25)


def _chromatin(maps: Stain, cells: np.ndarray) -> np.ndarray:
    """Threshold purple over the cells, then anew about each nucleus, half way between it and its surroundings."""
    threshold = max(masks.otsu(maps.purple[cells], 1.5), 0.15)
    rough = cells & (maps.purple > threshold)
    if not rough.any():
        return rough
    rest = maps.purple[cells & ~rough]
    outside = max(float(np.median(rest)) if rest.size else 0.0, 0.0)
    labels, areas = masks.components(rough)
    totals = np.bincount(labels.ravel(), weights=maps.purple.ravel(), minlength=len(areas))
    level = 0.5 * (totals / np.maximum(areas, 1)) + 0.5 * outside
    nearest, distance = masks.nearest_label(labels)
    return cells & (maps.purple > np.minimum(level[nearest], threshold * 1.3)) & (distance < 4)


def _nucleus_sized(chromatin: np.ndarray) -> np.ndarray:
    side = np.sqrt(chromatin.size)
    solid = masks.with_holes_filled(masks.opened(chromatin, side / 200), 0.02 * chromatin.size)
    labels, areas = masks.components(solid)
    if not areas.any():
        return solid
    typical = np.sum(areas.astype(float) ** 2) / areas.sum()
    return (areas >= max(0.2 * typical, 0.001 * chromatin.size))[labels] & solid


def _white(maps: Stain, cells: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    """Nuclei with their cytoplasm: near a nucleus, absorbing, and bluer than the red cells of this image."""
    if not nucleus.any():
        return nucleus
    labels, areas = masks.components(nucleus)
    nearest, distance = masks.nearest_label(labels)
    radius = np.sqrt(areas / np.pi)[nearest]
    far = cells & (distance > 0.8 * radius)
    ratio = np.median(maps.blue[far] / maps.density[far]) if far.sum() > 50 else 0.0
    bluer = maps.blue - ratio * maps.density
    pale = maps.density > 0.07
    cytoplasm = pale & (bluer > 0.35 * maps.density) & (distance < 0.9 * radius)
    white = nucleus | cytoplasm
    white = masks.opened(white, 0.15 * np.sqrt(np.median(areas[1:]) / np.pi)) | nucleus
    white = masks.with_holes_filled(white, 0.3 * float(areas.max()))
    labels, _ = masks.components(white)
    owned = np.zeros(labels.max() + 1, bool)
    owned[labels[nucleus]] = True
    owned[0] = False
    return owned[labels]


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


def _red(mask: np.ndarray) -> tuple[np.ndarray, float]:
    size = mask.size
    mask = masks.without_small(mask, 0.0008 * size)
    labels, areas = masks.components(mask)
    if not areas.any():
        return labels, 0.0
    typical = float(np.median(areas[1:]))
    mask = masks.opened(masks.with_holes_filled(mask, typical), 0.12 * np.sqrt(typical / np.pi))
    radius = np.sqrt(typical / np.pi)
    return masks.split_touching(mask, 0.55 * radius), radius
