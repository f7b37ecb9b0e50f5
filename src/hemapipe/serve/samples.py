"""Images to try the page with: drawn by `hemapipe.smear`, of patients no training set has; and two that are no good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from hemapipe.smear.cohort import Patient, cohort
from hemapipe.smear.faults import encode
from hemapipe.smear.field import render
from hemapipe.smear.params import SyntheticParams

#: Unlike the default `seed` of params.yaml: these patients were never trained on.
_SEED = 41
_PX = 256
_DRAWN = {"px": _PX, "n_patients": 12, "n_images": 120, "difficulty": 0.6, "patient_variation": 0.8}
_QUALITY = 85
#: Of each of the two patients of the example with several images.
_FIELDS = 4


@dataclass(frozen=True)
class Sample:
    """A JPEG to try, and what the page says of it; `kind` groups those of the example with two patients."""

    name: str
    caption: str
    kind: str
    data: bytes


@cache
def samples() -> dict[str, Sample]:
    """Return the samples by name, in the order of the page."""
    drawn = SyntheticParams.model_validate(_DRAWN)
    patients = cohort(drawn, _SEED)
    of_class = {label: [one for one in patients if one.label == label] for label in drawn.class_shares}
    found = [
        Sample(f"{its[0].name}_2.jpg", f"drawn as {label}", "one", _jpeg(_field(its[0], 2, drawn)))
        for label, its in of_class.items()
    ]
    several = (of_class["benign"][-1], of_class["pre"][-1])
    found += [
        Sample(f"{one.name}_{place}.jpg", f"drawn as {one.label}", "several", _jpeg(_field(one, place, drawn)))
        for one in several
        for place in range(1, 1 + _FIELDS)
    ]
    blurred = cv2.GaussianBlur(_field(of_class["early"][-1], 1, drawn), (0, 0), _PX / 24)
    found.append(Sample("out_of_focus.jpg", "out of focus", "one", _jpeg(blurred)))
    found.append(Sample("no_smear.jpg", "no smear at all", "one", _jpeg(_landscape())))
    return {sample.name: sample for sample in found}


def _field(patient: Patient, sequence: int, params: SyntheticParams) -> np.ndarray:
    return render(patient, sequence, params.px, params.field_um, params.difficulty).image


def _jpeg(image: np.ndarray) -> bytes:
    return encode(image, _QUALITY)


def _landscape() -> np.ndarray:
    """Return a picture that a child would draw: sky, sun, hills, a house."""
    height = np.linspace(0, 1, _PX)[:, None, None]
    image = np.tile(np.array([90, 160, 225]) * (1 - height) + np.array([225, 235, 245]) * height, (1, _PX, 1))
    image = np.ascontiguousarray(image.astype(np.uint8))
    cv2.circle(image, (200, 50), 26, (250, 205, 60), -1, cv2.LINE_AA)
    cv2.ellipse(image, (60, 270), (150, 110), 0, 0, 360, (90, 150, 80), -1, cv2.LINE_AA)
    cv2.ellipse(image, (210, 280), (140, 90), 0, 0, 360, (70, 125, 70), -1, cv2.LINE_AA)
    cv2.rectangle(image, (96, 130), (160, 190), (200, 90, 70), -1)
    cv2.fillPoly(image, [np.array([(86, 132), (128, 96), (170, 132)])], (110, 60, 50), cv2.LINE_AA)
    cv2.rectangle(image, (122, 156), (138, 190), (80, 50, 40), -1)
    return image
