"""The patients of a synthetic set: one diagnosis each, and a slide with its own stain, light and focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemapipe.core.params import derive_seed
from hemapipe.smear import morphology
from hemapipe.smear.morphology import Morphology
from hemapipe.smear.params import SyntheticParams


@dataclass(frozen=True)
class Slide:
    """How a patient's slide was stained and photographed."""

    hue: float  # 0 blue-grey red cells and blue-violet nuclei .. 1 salmon and magenta
    strength: float  # factor on every optical density
    light: tuple[float, float, float]  # gain of each channel of the empty field
    vignette: float  # share of light lost in the corners
    halo: float  # -1 bluish .. 1 yellowish centre of the field
    focus_um: float  # standard deviation of the blur
    pallor: float  # 0 solid red cells .. 1 wide pale centres
    crowding: float  # expected red cells in 1000 µm²
    red_radius: float  # µm
    crenation: float  # depth of the red cells' scalloping, share of the radius
    platelets: float  # expected platelets in a field
    noise: float  # standard deviation of the sensor's noise, grey levels


@dataclass(frozen=True)
class Patient:
    """One person: a class, a number of fields, a slide, and white cells of their own make."""

    name: str
    label: str
    n_images: int
    slide: Slide
    white: Morphology
    seed: int


def cohort(params: SyntheticParams, seed: int) -> list[Patient]:
    """Return the patients in the order of their names; names say nothing about the class."""
    shares = {label: share for label, share in sorted(params.class_shares.items()) if share > 0}
    patients_of = shared_out(params.n_patients, shares)
    images_of = shared_out(params.n_images, shares)
    labels = [label for label, count in patients_of.items() for _ in range(count)]
    rng = np.random.default_rng(derive_seed(seed, "smear", "cohort"))
    names = [f"P{number + 1:0{len(str(params.n_patients))}d}" for number in rng.permutation(params.n_patients)]
    weights = dict(zip(names, rng.uniform(0.6, 1.4, params.n_patients), strict=True))
    patients = []
    for label in shares:
        own = [name for name, its in zip(names, labels, strict=True) if its == label]
        counts = shared_out(images_of[label], {name: weights[name] for name in sorted(own)})
        patients += [_patient(name, label, count, params, seed) for name, count in counts.items()]
    return sorted(patients, key=lambda patient: patient.name)


def shared_out(total: int, weights: dict[str, float]) -> dict[str, int]:
    """Share out `total` in proportion to the weights by largest remainder, at least one to each."""
    scale = (total - len(weights)) / sum(weights.values())
    counts = {name: 1 + int(weight * scale) for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: (int(weights[name] * scale) - weights[name] * scale, name))
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _patient(name: str, label: str, n_images: int, params: SyntheticParams, seed: int) -> Patient:
    own_seed = derive_seed(seed, "smear", name)
    rng = np.random.default_rng(own_seed)
    white = morphology.of_patient(label, params.difficulty, params.patient_variation, rng)
    return Patient(name, label, n_images, slide(params.patient_variation, rng), white, own_seed)


def slide(variation: float, rng: np.random.Generator) -> Slide:
    """Draw a slide; at variation 0 all are alike, at 1 they differ as widely as between laboratories."""

    def around(middle: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(middle + 0.85 * variation * sd * rng.normal(), low, high))

    brightness = around(0.965, 0.03, 0.84, 1.0)
    red, blue = around(1.0, 0.025, 0.9, 1.05), around(1.0, 0.03, 0.88, 1.06)
    return Slide(
        hue=around(0.42, 0.26, 0.0, 1.0),
        strength=around(1.0, 0.14, 0.65, 1.4),
        light=(brightness * red, brightness, brightness * blue),
        vignette=abs(around(0.06, 0.04, -0.2, 0.2)),
        halo=around(0.2, 0.5, -1.0, 1.0),
        focus_um=abs(around(0.36, 0.12, -0.8, 0.8)),
        pallor=around(0.62, 0.18, 0.1, 0.97),
        crowding=around(7.5, 2.6, 3.0, 13.0),
        red_radius=around(3.7, 0.16, 3.2, 4.2),
        crenation=abs(around(0.012, 0.012, -0.06, 0.06)),
        platelets=abs(around(2.0, 1.0, 0.0, 6.0)),
        noise=around(2.2, 0.6, 1.0, 4.5),
    )
