"""What tells the four classes apart: distributions of white-cell morphology, per class, patient and cell.

Size, nucleus-to-cell ratio, chromatin, nucleoli and nuclear outline grade from mature to immature as the FAB
group (Bennett et al., Br J Haematol 1976; 33:451) and the WHO texts describe lymphoid cells: small with clumped
chromatin and a smooth round nucleus, up to large blasts with fine chromatin, nucleoli and a thin basophilic rim.
That grading over the immunophenotypes early, pre and pro is ours: real ones overlap far more (docs/data/synthetic.md).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True)
class Morphology:
    """Means for one class or one patient; lengths in µm."""

    diameter: float  # of the white cell, µm
    nc_ratio: float  # nucleus area / cell area
    clumping: float  # 0 fine, even chromatin .. 1 coarse clumps
    nucleoli: float  # expected number per nucleus
    irregularity: float  # sd of the nuclear outline's lower harmonics, share of the radius
    basophilia: float  # 0 pale .. 1 deep blue cytoplasm
    n_white: float  # expected white cells in a field


PROTOTYPES = {
    "benign": Morphology(10.5, 0.67, 0.90, 0.1, 0.015, 0.35, 4.0),
    "early": Morphology(13.0, 0.80, 0.35, 1.2, 0.045, 0.70, 4.2),
    "pre": Morphology(11.6, 0.73, 0.65, 0.5, 0.030, 0.55, 7.0),
    "pro": Morphology(14.3, 0.87, 0.12, 2.2, 0.060, 0.90, 5.5),
}
#: One step between neighbouring classes: the unit of patient offsets and of the spread of cells.
STEP = Morphology(1.35, 0.07, 0.26, 0.7, 0.015, 0.18, 1.5)
_LOWEST = Morphology(8.0, 0.50, 0.0, 0.0, 0.005, 0.1, 1.2)
_HIGHEST = Morphology(17.0, 0.92, 1.0, 3.0, 0.10, 1.0, 11.0)
#: Share of white cells that are not of the class: mature lymphocytes anywhere, neutrophils mostly where marrow is well.
BYSTANDERS = {"benign": (0.15, 0.16), "early": (0.07, 0.02), "pre": (0.07, 0.02), "pro": (0.05, 0.02)}
LYMPHOCYTE = Morphology(8.8, 0.72, 1.0, 0.0, 0.015, 0.45, 1.0)


@dataclass(frozen=True)
class WhiteCell:
    """One white cell, drawn from a patient's morphology; lengths in µm."""

    kind: str  # lymphoid or neutrophil
    radius: float
    nc_ratio: float
    clumping: float
    nucleoli: int
    irregularity: float
    basophilia: float


def of_patient(label: str, difficulty: float, variation: float, rng: np.random.Generator) -> Morphology:
    """Return a patient's means: the class prototype, drawn to the middle by difficulty, moved by an offset.

    Args:
        difficulty: 0 spreads the prototypes by 2.7 about their mean, 1 by 1.1.
        variation: the standard deviation of the patient's offset is 0.8 of this, in steps between classes.
    """
    middle = np.mean([_values(prototype) for prototype in PROTOTYPES.values()], axis=0)
    own = middle + (2.7 - 1.6 * difficulty) * (_values(PROTOTYPES[label]) - middle)
    return Morphology(*_clipped(own + 0.8 * variation * _offsets(rng) * _values(STEP)))


def sample(
    mean: Morphology, label: str, difficulty: float, rng: np.random.Generator, diagnostic: bool = False
) -> WhiteCell:
    """Draw a cell: of the patient's own population if it is to be diagnostic, else now and then a bystander."""
    lymphocyte, neutrophil = BYSTANDERS[label]
    draw = 1.0 if diagnostic else rng.random()
    if draw < neutrophil:
        return WhiteCell("neutrophil", rng.normal(6.2, 0.35), 0.4, 0.95, 0, 0.02, 0.15)
    if draw < neutrophil + lymphocyte:
        mean = LYMPHOCYTE
    spread = 0.45 * (0.4 + difficulty) * _values(STEP)
    cell = Morphology(*_clipped(_values(mean) + spread * _offsets(rng)))
    return WhiteCell(
        kind="lymphoid",
        radius=cell.diameter / 2,
        nc_ratio=cell.nc_ratio,
        clumping=cell.clumping,
        nucleoli=min(int(rng.poisson(mean.nucleoli)), 3),
        irregularity=cell.irregularity,
        basophilia=cell.basophilia,
    )


def _values(morphology: Morphology) -> np.ndarray:
    return np.array(astuple(morphology))


def _offsets(rng: np.random.Generator) -> np.ndarray:
    """Seven offsets, half shared along the axis of maturity, in units of one standard deviation."""
    towards_immature = np.array([1, 1, -1, 1, 1, 1, 0])
    return (rng.normal(size=7) + towards_immature * rng.normal()) / np.sqrt(1 + np.abs(towards_immature))


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(values, _values(_LOWEST), _values(_HIGHEST))
