"""What the images of one patient say together."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hemapipe.predict.models import Model
from hemapipe.predict.names import to_cell
from hemapipe.predict.run import Finding, Run
from hemapipe.reject.domain import NOT_A_SMEAR


class Verdict(NamedTuple):
    """A patient by one model: the class and the decision by the mean of the calibrated probabilities `p` (k,).

    `n_used` of `n_images` count: those that were decoded and look like a smear. `share` of these have `label` as their
    own likeliest class. Without any, `label` is '' and `p` is zero.
    """

    patient: str
    n_images: int
    n_used: int
    label: str
    p: np.ndarray
    decision: str
    share: float


class Tally:
    """Sums per patient, so that images can be forgotten: as `evaluation.patients`, by mean."""

    def __init__(self, model: Model) -> None:
        """Count for one model."""
        self.model = model
        self.sums: dict[str, np.ndarray] = {}
        self.votes: dict[str, np.ndarray] = {}
        self.n_images: dict[str, int] = {}

    def add(self, patient: str, p: np.ndarray | None, flags: Sequence[str]) -> None:
        """Count an image; `p` is None where it could not be decoded. An image without a patient does not count."""
        if not patient:
            return
        nothing = np.zeros(len(self.model.card.classes))
        self.n_images[patient] = self.n_images.get(patient, 0) + 1
        used = p is not None and NOT_A_SMEAR not in flags
        self.sums[patient] = self.sums.get(patient, nothing) + (p if used and p is not None else 0)
        vote = np.eye(len(nothing))[int(p.argmax())] if used and p is not None else nothing
        self.votes[patient] = self.votes.get(patient, nothing) + vote

    def verdicts(self) -> list[Verdict]:
        """Return a verdict per patient, in the order in which they appeared."""
        return [self._verdict(patient) for patient in self.n_images]

    def _verdict(self, patient: str) -> Verdict:
        n_used = int(self.votes[patient].sum())
        if not n_used:
            return Verdict(patient, self.n_images[patient], 0, "", self.sums[patient], "", 0.0)
        p = self.sums[patient] / n_used
        best = int(p.argmax())
        share = float(self.votes[patient][best]) / n_used
        label, decision = self.model.card.classes[best], self.model.decide(p[None])[0]
        return Verdict(patient, self.n_images[patient], n_used, label, p, decision, share)


def verdicts(
    run: Run, patients: Sequence[str], findings: Sequence[Finding | None], model: str | None = None
) -> list[Verdict]:
    """Return a verdict per patient by one model of the run, the recommended one unless another is named.

    `patients` and `findings` go together; None stands for an image that could not be decoded.
    """
    name = model or run.recommended
    tally = Tally(run.known[name])
    for patient, finding in zip(patients, findings, strict=True):
        tally.add(patient, finding.probabilities[name] if finding else None, finding.flags if finding else [])
    return tally.verdicts()


def write_verdicts(verdicts: list[Verdict], classes: list[str], path: Path) -> None:
    """Write a CSV with a row per patient."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(
            ["patient", "n_images", "n_used", "label", *(f"p_{name}" for name in classes), "decision", "share"]
        )
        for one in verdicts:
            p = [round(value, 6) for value in one.p.tolist()]
            writer.writerow(
                [to_cell(one.patient), one.n_images, one.n_used, one.label, *p, one.decision, round(one.share, 6)]
            )


def render_verdicts(verdicts: list[Verdict], classes: list[str]) -> str:
    """Return the verdicts as a table for a terminal."""
    lines = [f"{'patient':14} {'images':>9} {'label':10} {' '.join(f'{name[:9]:>9}' for name in classes)} decision"]
    for one in verdicts:
        p = " ".join(f"{value:9.3f}" for value in one.p)
        images = f"{one.n_used}" if one.n_used == one.n_images else f"{one.n_used} of {one.n_images}"
        lines.append(f"{one.patient[:14]:14} {images:>9} {one.label[:10]:10} {p} {one.decision}".rstrip())
    return "\n".join(lines)
