"""Draw what lies on the slide: red cells, white cells, smudges, platelets, debris. Lengths in µm."""

from __future__ import annotations

import numpy as np

from hemapipe.smear.canvas import CYTOPLASM, NUCLEUS, RED_CELL, Canvas, Window, inside, outline
from hemapipe.smear.cohort import Slide
from hemapipe.smear.morphology import WhiteCell

_EDGE = 0.45  # width of an edge


def draw_red(canvas: Canvas, x: float, y: float, number: int, slide: Slide) -> None:
    """Draw a red cell: a biconcave disc, so paler in the middle; densities add where two overlap."""
    rng = canvas.rng
    size = slide.red_radius * rng.normal(1, 0.06)
    patch = canvas.window(x, y, size * 1.3)
    shape = outline(patch.angle, 0.025, rng)
    if slide.crenation > 0.02:
        shape = shape * (1 + slide.crenation * np.cos(int(rng.integers(9, 14)) * patch.angle + rng.uniform(0, 6)))
    squeeze = outline(patch.angle, 0.05, rng) if rng.random() < 0.3 else 1.0  # some are oval
    relative = patch.radius / (size * shape * squeeze)
    body = inside(relative * size, size, _EDGE)
    depth = np.clip(slide.pallor + 0.16 * rng.normal(), 0, 0.96)
    width = 0.30 + 0.22 * depth
    dimple = depth * np.exp(-((relative / width) ** 2) * np.minimum(1, relative / width + 0.4))
    rim = 0.14 * np.exp(-(((relative - 0.86) / 0.10) ** 2))
    canvas.red[patch.place] += body * (1 - dimple + rim) * rng.normal(1, 0.09)
    owned = body > 0.5
    canvas.label[patch.place][owned] = RED_CELL
    canvas.instance[patch.place][owned] = number


def draw_white(canvas: Canvas, x: float, y: float, number: int, cell: WhiteCell) -> None:
    """Draw a white cell; it displaces what lay there."""
    rng = canvas.rng
    patch = canvas.window(x, y, cell.radius * 1.35)
    edge = cell.radius * outline(patch.angle, 0.03 + 0.3 * cell.irregularity, rng)
    body = inside(patch.radius, edge, _EDGE)
    canvas.red[patch.place] *= 1 - body
    canvas.label[patch.place][body > 0.5] = CYTOPLASM
    canvas.instance[patch.place][body > 0.5] = number
    if cell.kind == "neutrophil":
        nucleus, nucleoli = _lobes(patch, cell, rng), 0
        canvas.red[patch.place] += body * (0.28 + 0.05 * canvas.texture(patch.shape, 0.25))
        canvas.cytoplasm[patch.place] += body * 0.12
    else:
        nucleus = _round_nucleus(patch, edge, cell, rng)
        rim = np.clip(patch.radius / edge, 0, 1) ** 6
        grain = 1 + 0.12 * canvas.texture(patch.shape, 0.35)
        canvas.cytoplasm[patch.place] += body * (0.38 + cell.basophilia * (0.50 + 0.45 * rim)) * grain
        nucleoli = cell.nucleoli
    canvas.label[patch.place][(nucleus > 0.5) & (body > 0.5)] = NUCLEUS
    canvas.nucleus[patch.place] += nucleus * body * _chromatin(canvas, patch, nucleus, cell)
    canvas.nucleoli[number] = nucleoli


def _round_nucleus(patch: Window, edge: np.ndarray, cell: WhiteCell, rng: np.random.Generator) -> np.ndarray:
    """A nucleus of the wanted area share, off centre, with clefts where it is irregular."""
    share = np.sqrt(cell.nc_ratio)
    away, towards = (1 - share) * cell.radius * rng.uniform(0, 0.75), rng.uniform(0, 2 * np.pi)
    own = patch.moved(away * np.cos(towards), away * np.sin(towards))
    shape = outline(own.angle, cell.irregularity, rng)
    if rng.random() < 9 * cell.irregularity - 0.1:
        turn = np.angle(np.exp(1j * (own.angle - rng.uniform(0, 2 * np.pi))))
        shape = shape * (1 - rng.uniform(0.12, 0.28) * np.exp(-((turn / 0.28) ** 2)))
    reach = np.minimum(share * cell.radius * shape, 0.98 * edge)
    return inside(own.radius, reach, _EDGE)


def _lobes(patch: Window, cell: WhiteCell, rng: np.random.Generator) -> np.ndarray:
    """Three or four lobes on an arc, joined by narrow bridges: a neutrophil."""
    n_lobes = int(rng.integers(3, 5))
    turns = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.uniform(3.2, 4.4), 2 * n_lobes - 1)
    nucleus = np.zeros(patch.shape)
    for index, turn in enumerate(turns):
        size = 0.32 * cell.radius * rng.uniform(0.85, 1.15) * (1.0 if index % 2 == 0 else 0.45)
        lobe = patch.moved(0.5 * cell.radius * np.cos(turn), 0.5 * cell.radius * np.sin(turn))
        nucleus = np.maximum(nucleus, inside(lobe.radius, size, _EDGE))
    return nucleus


def _chromatin(canvas: Canvas, patch: Window, nucleus: np.ndarray, cell: WhiteCell) -> np.ndarray:
    """Density of the nucleus: fine and even in blasts, clumped and dark in mature cells, with paler nucleoli."""
    rng = canvas.rng
    fine, coarse = canvas.texture(patch.shape, 0.22), canvas.texture(patch.shape, 0.62)
    density = 0.60 + 0.42 * cell.clumping + 0.06 * fine + (0.04 + 0.20 * cell.clumping) * np.tanh(1.5 * coarse)
    density = density + 0.10 * nucleus * (nucleus < 0.95)
    for _ in range(cell.nucleoli):
        away, towards = cell.radius * rng.uniform(0.1, 0.55), rng.uniform(0, 2 * np.pi)
        spot = patch.moved(away * np.cos(towards), away * np.sin(towards)).radius / rng.uniform(0.8, 1.35)
        density = density - 0.30 * np.exp(-(spot**4)) + 0.10 * np.exp(-(((spot - 1.25) / 0.3) ** 2))
    return np.maximum(density, 0.15)


def draw_smudge(canvas: Canvas, x: float, y: float) -> None:
    """Draw a smudge: a crushed nucleus spread thin. It is no cell, and the label image says background."""
    rng = canvas.rng
    size = rng.uniform(4.5, 7.5)
    patch = canvas.window(x, y, size * 1.8)
    edge = size * outline(patch.angle, 0.22, rng)
    body = inside(patch.radius, edge, 2.2) * np.clip(0.75 + 0.35 * canvas.texture(patch.shape, 0.8), 0, 1.5)
    free = canvas.label[patch.place] < CYTOPLASM
    canvas.nucleus[patch.place] += 0.26 * body * free


def draw_platelet(canvas: Canvas, x: float, y: float) -> None:
    """Draw a platelet: small, granular, purple."""
    rng = canvas.rng
    size = rng.uniform(0.7, 1.4)
    patch = canvas.window(x, y, size * 2)
    body = inside(patch.radius, size * outline(patch.angle, 0.12, rng), 0.7)
    free = canvas.label[patch.place] < CYTOPLASM
    canvas.nucleus[patch.place] += 0.5 * body * free * np.clip(1 + 0.3 * canvas.texture(patch.shape, 0.3), 0, 2)


def draw_debris(canvas: Canvas, x: float, y: float) -> None:
    """Draw a speck of precipitated stain: tiny and very dark."""
    patch = canvas.window(x, y, 1.5)
    size = canvas.rng.uniform(0.2, 0.5)
    canvas.nucleus[patch.place] += 1.3 * inside(patch.radius, size * outline(patch.angle, 0.25, canvas.rng), 0.5)
