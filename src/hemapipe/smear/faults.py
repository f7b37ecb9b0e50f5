"""Plant the faults that real collections have, and keep account of each.

Repeats, contradictory labels, damaged files and neighbours of a shortcut were all found in published sets: C-NMC
files the same cells under two patients, Taleqani ALL carries a background tint and a scale bar that lean with the
class. Each fault draws from a stream of its own, so that switching one off leaves every other byte as it was.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd

from hemapipe.core.params import derive_seed
from hemapipe.smear.canvas import BACKGROUND
from hemapipe.smear.cohort import Patient, Slide
from hemapipe.smear.params import SyntheticParams
from hemapipe.smear.truth import FAULTS, Shot

JPEG_QUALITY = 95
_RECOMPRESSED_QUALITY = 88
#: The tint of the empty field towards which a class leans, gain per channel; and how often it has it.
_TINTS = {
    "benign": (1.00, 0.985, 0.90),
    "early": (0.97, 0.96, 1.02),
    "pre": (0.93, 0.985, 1.02),
    "pro": (1.00, 1.00, 0.97),
}
_TINT_SHARE = 0.85
#: How often an image of a class carries a scale bar.
_BAR_SHARES = {"benign": 0.15, "early": 0.35, "pre": 0.65, "pro": 0.85}
_BAR_UM = 10
_NEAR = ("shift", "rotate", "flip", "brighten")


def encode(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """Return an RGB uint8 image as JPEG."""
    return cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decode(data: bytes) -> np.ndarray:
    """Return what `encode` made as RGB uint8."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))[:, :, ::-1]


def lean_background(slide: Slide, label: str, rng: np.random.Generator) -> tuple[Slide, bool]:
    """Return the slide with the light of its class, most of the time, and whether it has it."""
    leans = bool(rng.random() < _TINT_SHARE)
    tinted = tuple(light * tint for light, tint in zip(slide.light, _TINTS[label], strict=True))
    return (replace(slide, light=tinted), True) if leans else (slide, False)  # type: ignore[arg-type]


def has_scale_bar(label: str, rng: np.random.Generator) -> bool:
    """Draw whether an image of the class carries a scale bar."""
    return bool(rng.random() < _BAR_SHARES[label])


def burn_scale_bar(image: np.ndarray, label: np.ndarray, instance: np.ndarray, px_per_um: float) -> None:
    """Burn a scale bar into the lower right corner, in place; what it covers is background from then on."""
    side = len(image)
    length = round(_BAR_UM * px_per_um)
    height = max(side // 12, 6)
    box = np.full((height, length + 4, 3), 250, np.uint8)
    cv2.line(box, (2, height - 3), (length + 1, height - 3), (0, 0, 0), max(side // 128, 1))
    for x in (2, length + 1):
        cv2.line(box, (x, height - 5), (x, height - 1), (0, 0, 0), max(side // 128, 1))
    cv2.putText(box, f"{_BAR_UM}um", (3, height - 5), cv2.FONT_HERSHEY_PLAIN, height / 22, (0, 0, 0), 1, cv2.LINE_AA)
    corner = slice(side - height - 2, side - 2), slice(side - length - 6, side - 2)
    image[corner] = box
    label[corner] = BACKGROUND
    instance[corner] = 0


class Planter:
    """Adds copies to a list of shots and damages some; no image bears two faults."""

    def __init__(self, shots: list[Shot], patients: list[Patient], params: SyntheticParams, seed: int) -> None:
        """Take the shots of all patients; nothing is planted yet."""
        self.shots = {shot.path: shot for shot in sorted(shots, key=lambda shot: shot.path)}
        self.patients, self.params, self.seed = patients, params, seed
        self.rows: list[tuple[str, str, str, str]] = []
        self._last = {patient.name: patient.n_images for patient in patients}
        self._used: set[str] = set()

    def plant(self) -> tuple[list[Shot], pd.DataFrame]:
        """Return all shots and truth/faults.csv."""
        self._repeat_exactly()
        self._repeat_nearly()
        self._contradict()
        self._damage()
        for name in ("background_leans", "scale_bar"):
            self.rows += [(path, name, "", s.true_label) for path, s in self.shots.items() if s.known.get(name)]
        table = pd.DataFrame(sorted(self.rows), columns=FAULTS)
        return list(self.shots.values()), table

    def _stream(self, fault: str) -> np.random.Generator:
        return np.random.default_rng(derive_seed(self.seed, "smear", "faults", fault))

    def _pick(self, n: int, rng: np.random.Generator, of: str = "") -> list[Shot]:
        """Return up to n unused shots (of one patient), and mark them as used."""
        free = [path for path, shot in self.shots.items() if path not in self._used and of in ("", shot.patient)]
        chosen = [free[index] for index in sorted(rng.permutation(len(free))[:n])]
        self._used.update(chosen)
        return [self.shots[path] for path in chosen]

    def _file(self, shot: Shot, fault: str, original: Shot, detail: str) -> None:
        """File a copy as the next image of its patient."""
        self._last[shot.patient] += 1
        copy = replace(shot, sequence=self._last[shot.patient])
        self.shots[copy.path] = copy
        self._used.add(copy.path)
        self.rows.append((copy.path, fault, original.path, detail))

    def _repeat_exactly(self) -> None:
        """Half under a second patient of the same class, always the same pair, as in C-NMC; half under their own."""
        rng = self._stream("exact")
        by_label: dict[str, list[str]] = defaultdict(list)
        for patient in self.patients:
            by_label[patient.label].append(patient.name)
        largest = max(sorted(by_label), key=lambda label: len(by_label[label]))
        pair = [str(name) for name in rng.permutation(by_label[largest])[:2]]
        n_twins = self.params.n_exact_repeats // 2 if len(pair) == 2 else 0
        twins = self._pick(n_twins, rng, of=pair[0])
        for shot in twins:
            self._file(replace(shot, patient=pair[1]), "exact_repeat", shot, "second patient")
        for shot in self._pick(self.params.n_exact_repeats - len(twins), rng):
            self._file(shot, "exact_repeat", shot, "same patient")

    def _repeat_nearly(self) -> None:
        rng = self._stream("near")
        for index, shot in enumerate(self._pick(self.params.n_near_repeats, rng)):
            near, detail = near_repeat(shot, _NEAR[index % len(_NEAR)], rng)
            self._file(near, "near_repeat", shot, detail)

    def _contradict(self) -> None:
        """File copies under a patient, and so the label, of another class."""
        rng = self._stream("conflict")
        for shot in self._pick(self.params.n_conflicts, rng):
            others = [patient for patient in self.patients if patient.label != shot.true_label]
            wrong = others[int(rng.integers(len(others)))]
            self._file(replace(shot, patient=wrong.name, filed_as=wrong.label), "conflict", shot, shot.true_label)

    def _damage(self) -> None:
        rng = self._stream("damage")
        for shot in self._pick(self.params.n_truncated, rng):
            keep = int(len(shot.data) * rng.uniform(0.4, 0.7))
            self._spoil(shot, shot.data[:keep], "truncated", f"{keep} of {len(shot.data)} bytes")
        for index, shot in enumerate(self._pick(self.params.n_unreadable, rng)):
            data = rng.bytes(2000) if index % 2 == 0 else b""
            self._spoil(shot, data, "unreadable", "noise" if data else "zero bytes")

    def _spoil(self, shot: Shot, data: bytes, fault: str, detail: str) -> None:
        self.shots[shot.path] = replace(shot, data=data)
        self.rows.append((shot.path, fault, "", detail))


def near_repeat(shot: Shot, kind: str, rng: np.random.Generator) -> tuple[Shot, str]:
    """Return a shifted, rotated, flipped or brightened copy, compressed anew, with its truth moved along."""
    image = decode(shot.data)
    side = len(image)
    turn, (dx, dy), gain = 0.0, (0, 0), 1.0
    if kind == "shift":
        dx, dy = (int(v) for v in rng.integers(2, side // 12 + 1, 2) * rng.choice([-1, 1], 2))
    elif kind == "rotate":
        turn = float(rng.uniform(3, 9) * rng.choice([-1, 1]))
    elif kind == "brighten":
        gain = float(rng.choice([0.9, 0.94, 1.06, 1.1]))
    else:
        planes = [np.ascontiguousarray(plane[:, ::-1]) for plane in (image, shot.label, shot.instance)]
        return _as_shot(shot, *planes), "flip left to right"
    matrix = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), turn, 1)
    matrix[:, 2] += dx, dy
    moved = [
        cv2.warpAffine(np.ascontiguousarray(plane), matrix, (side, side), flags=how, borderMode=cv2.BORDER_REFLECT)
        for plane, how in (
            (image, cv2.INTER_CUBIC),
            (shot.label, cv2.INTER_NEAREST),
            (shot.instance, cv2.INTER_NEAREST),
        )
    ]
    moved[0] = np.rint(np.clip(moved[0] * gain, 0, 255)).astype(np.uint8)
    return _as_shot(shot, *moved), f"{kind} angle={turn:.1f} dx={dx} dy={dy} gain={gain:g}"


def _as_shot(shot: Shot, image: np.ndarray, label: np.ndarray, instance: np.ndarray) -> Shot:
    return replace(shot, data=encode(image, _RECOMPRESSED_QUALITY), label=label, instance=instance)
