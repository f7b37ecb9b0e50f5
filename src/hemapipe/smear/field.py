"""One field of view: cells placed and drawn, then light, lens, sensor.

Colour follows Beer and Lambert: each dye has an optical density per channel, densities add, transmitted light is
`background * exp(-density)`. Everything is float64, so that the last digit of one processor's arithmetic is lost
in the rounding to grey levels and equal seeds give equal bytes elsewhere too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from hemapipe.smear import cells, morphology
from hemapipe.smear.canvas import Canvas
from hemapipe.smear.cohort import Patient, Slide

_SUPERSAMPLE = 2
#: Colours of the three dyes at density 1 on white, blue end and red end of the range of stains.
_RED = ((150, 163, 184), (222, 168, 160))
_CYTOPLASM = ((148, 165, 226), (176, 160, 214))
_NUCLEUS = ((86, 50, 194), (166, 78, 190))


@dataclass(frozen=True)
class Field:
    """A rendered field: RGB uint8 px × px × 3, and its truth, uint8 px × px each."""

    image: np.ndarray
    label: np.ndarray
    instance: np.ndarray
    nucleoli: dict[int, int]


def render(patient: Patient, sequence: int, px: int, field_um: float, difficulty: float) -> Field:
    """Render a patient's field; it depends on the patient and the sequence number alone."""
    rng = np.random.default_rng([patient.seed, sequence])
    canvas = Canvas(px * _SUPERSAMPLE, px * _SUPERSAMPLE / field_um, rng)
    _populate(canvas, patient, field_um, difficulty)
    pixel = slice(_SUPERSAMPLE // 2, None, _SUPERSAMPLE)
    label, instance = canvas.label[pixel, pixel].copy(), canvas.instance[pixel, pixel].copy()
    return Field(photograph(canvas, patient.slide, px), label, instance, canvas.nucleoli)


def _populate(canvas: Canvas, patient: Patient, field_um: float, difficulty: float) -> None:
    rng, slide = canvas.rng, patient.slide
    n_white = max(1, int(rng.poisson(patient.white.n_white)))
    # A field is photographed for what it shows: its first cell is of the patient's own population.
    wanted = [morphology.sample(patient.white, patient.label, difficulty, rng, k == 0) for k in range(n_white)]
    whites = _place_whites([cell.radius for cell in wanted], field_um, rng)
    reds = _place_reds(slide, whites, field_um, rng)
    for number, (x, y) in enumerate(reds, 1):
        cells.draw_red(canvas, x, y, number, slide)
    for index, x, y, _ in whites:
        cells.draw_white(canvas, x, y, len(reds) + 1 + index, wanted[index])
    for draw, expected in ((cells.draw_smudge, 0.08), (cells.draw_platelet, slide.platelets), (cells.draw_debris, 0.7)):
        for _ in range(rng.poisson(expected)):
            draw(canvas, *rng.uniform(0, field_um, 2))


def _place_whites(
    radii: list[float], field_um: float, rng: np.random.Generator
) -> list[tuple[int, float, float, float]]:
    """Return (index, x, y, radius) of those that found room: most of each lies in the field, none overlap."""
    placed: list[tuple[int, float, float, float]] = []
    for index, radius in enumerate(radii):
        for _ in range(80):
            if placed and rng.random() < 0.3:  # blasts lie in groups
                _, x0, y0, r0 = placed[int(rng.integers(len(placed)))]
                turn = rng.uniform(0, 2 * np.pi)
                x, y = x0 + 1.05 * (radius + r0) * np.cos(turn), y0 + 1.05 * (radius + r0) * np.sin(turn)
            else:
                x, y = rng.uniform(0, field_um, 2)
            within = 0.4 * radius <= min(x, y) and max(x, y) <= field_um - 0.4 * radius
            if within and all(np.hypot(x - a, y - b) >= 1.03 * (radius + r) for _, a, b, r in placed):
                placed.append((index, float(x), float(y), radius))
                break
    return placed


def _place_reds(
    slide: Slide, whites: list[tuple[int, float, float, float]], field_um: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return centres: apart as a rule, overlapping here and there, pressed aside by white cells."""
    wanted = min(int(rng.poisson(slide.crowding * (field_um + 6) ** 2 / 1000)), 230)
    placed = np.empty((0, 2))
    for _ in range(wanted):
        nearest_allowed = slide.red_radius * (1.15 if rng.random() < 0.35 else 1.95)
        for point in rng.uniform(-3, field_um + 3, (12, 2)):
            clear = all(np.hypot(point[0] - a, point[1] - b) >= r + 0.8 * slide.red_radius for _, a, b, r in whites)
            if clear and (np.hypot(*(placed - point).T) >= nearest_allowed).all():
                placed = np.vstack([placed, point])
                break
    return [(float(x), float(y)) for x, y in placed]


def photograph(canvas: Canvas, slide: Slide, px: int) -> np.ndarray:
    """Return the field as the camera gives it: RGB uint8 px × px × 3."""
    rng = canvas.rng
    hue = np.clip(slide.hue + 0.04 * rng.normal(), 0, 1)
    strength = slide.strength * np.exp(0.05 * rng.normal())
    dyes = ((_RED, canvas.red, 1.0), (_CYTOPLASM, canvas.cytoplasm, 1.0), (_NUCLEUS, canvas.nucleus, 1.0))
    density = sum(
        (strength * factor * amount)[:, :, None] * -np.log((np.array(a) * (1 - hue) + np.array(b) * hue) / 255)
        for (a, b), amount, factor in dyes
    )
    image = _light(canvas.side, slide, rng) * np.exp(-density)
    focus = slide.focus_um * np.exp(0.12 * rng.normal())
    image = cv2.GaussianBlur(image, (0, 0), max(focus * canvas.scale, 0.3))
    image = image.reshape(px, _SUPERSAMPLE, px, _SUPERSAMPLE, 3).mean(axis=(1, 3))
    noise = rng.normal(0, slide.noise / 255, (px, px, 3)) * np.sqrt(0.3 + 0.7 * np.clip(image, 0, 1))
    return np.rint(255 * np.clip(image + noise, 0, 1)).astype(np.uint8)


def _light(side: int, slide: Slide, rng: np.random.Generator) -> np.ndarray:
    """The empty field: bright, tinted from the centre to the edge, darker in the corners; side × side × 3."""
    centre = rng.normal(0, 0.12, 2)
    axis = np.linspace(-1, 1, side)
    distance = ((axis[None, :] - centre[0]) ** 2 + (axis[:, None] - centre[1]) ** 2) / 2
    fall = 1 - slide.vignette * distance
    yellow = slide.halo * (0.6 - distance)
    gains = [1 + 0.01 * yellow, 1 + 0.012 * yellow, 1 - 0.05 * yellow]
    exposure = np.exp(0.015 * rng.normal())
    channels = zip(slide.light, gains, strict=True)
    return np.stack([exposure * 1.02 * light * gain * fall for light, gain in channels], axis=2)
