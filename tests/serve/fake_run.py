"""A run of a few fixed numbers: what it says of an image depends on the image's mean colour alone."""

from typing import NamedTuple

import numpy as np

from hemapipe.cells.attributes import NAMES

CLASSES = ["benign", "early", "pre", "pro"]


class FakeFinding(NamedTuple):
    probabilities: dict
    labels: dict
    decisions: dict
    attributes: dict
    flags: list


class FakeVerdict(NamedTuple):
    patient: str
    n_images: int
    n_used: int
    label: str
    p: np.ndarray
    decision: str
    share: float


def fake_verdicts(run, patients, findings, model=None):
    """The last image speaks for its patient."""
    said = dict(zip(patients, findings, strict=True))
    name, nothing = model or run.recommended, np.zeros(len(CLASSES))
    return [
        FakeVerdict(who, patients.count(who), patients.count(who), one.labels[name], one.probabilities[name], "", 1.0)
        if one
        else FakeVerdict(who, patients.count(who), 0, "", nothing, "", 0.0)
        for who, one in said.items()
    ]


class FakeModel(NamedTuple):
    family: str


class FakeRun:
    """Black images are no smears; images of side 7 make the models fail."""

    def __init__(self):
        self.classes, self.positive, self.recommended = CLASSES, CLASSES[1:], "vote"
        self.models = {"vote": FakeModel("ensemble"), "lenet": FakeModel("cnn"), "rf": FakeModel("classical")}
        self.scores = {
            "vote": {"balanced_accuracy": 0.89, "balanced_accuracy_low": 0.84, "balanced_accuracy_high": 0.93},
            "lenet": {"balanced_accuracy": 0.45, "patient_unit": "patient"},
            "rf": {},
        }
        self.facts = {
            "split": {"n_folds": 3, "leak_patients": 0, "n_without_patient": 0},
            "catalog": {"n_files": 818, "n_patients": 40},
        }
        self.batches = []

    def probabilities(self, name, images):
        shift = {"vote": 0, "lenet": 1, "rf": 2}[name]
        means = np.array([image.reshape(-1, 3).mean(axis=0) for image in images])
        logits = np.column_stack([means, means.mean(axis=1)]) / 40
        p = np.exp(np.roll(logits, shift, axis=1) - logits.max())
        return p / p.sum(axis=1, keepdims=True)

    def look(self, images):
        self.batches.append(len(images))
        if any(image.shape[0] == 7 for image in images):
            raise RuntimeError("seven")
        p = {name: self.probabilities(name, images) for name in self.models}
        return [
            FakeFinding(
                {name: values[at] for name, values in p.items()},
                {name: CLASSES[int(values[at].argmax())] for name, values in p.items()},
                {"vote": "positive", "lenet": "negative", "rf": ""},
                {name: float(place) for place, name in enumerate(NAMES)},
                ["not_a_smear"] if image.mean() < 10 else [],
            )
            for at, image in enumerate(images)
        ]
