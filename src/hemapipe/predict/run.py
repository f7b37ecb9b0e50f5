"""A finished run, ready to look at new images: its exported models, what it knows of its own images, its scores."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hemapipe.cells.attributes import NAMES
from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.predict.card import load_card
from hemapipe.predict.models import Model
from hemapipe.predict.order import ranked, recommend
from hemapipe.predict.prepare import FeatureSet, Prepared, recipe_of
from hemapipe.reject.domain import NOT_A_SMEAR, Domain, load_domain

NO_WHITE_CELL = "no_white_cell"
#: The decision on an image unlike those the models know.
REFUSED = "refused"


class Finding(NamedTuple):
    """What is found in one image: by model, calibrated probabilities (k,), the likeliest class and the decision.

    A decision is positive, negative, refused (unlike the training images), or '' where the run has no threshold.
    `attributes` has the names of `cells.attributes.NAMES`; `flags` are warnings: `reject.domain.FLAGS`.
    """

    probabilities: dict[str, np.ndarray]
    labels: dict[str, str]
    decisions: dict[str, str]
    attributes: dict[str, float]
    flags: list[str]


class Run:
    """The models asked for, in the order of the leaderboard with the recommended one first.

    `scores` holds each model's metrics over all folds, {} where there are none, and `balanced_accuracy_fold0` of the
    model that answers, on that fold's test images, where it was exported; `facts` what they were measured on.
    `caveat` says why another model than the run's own choice is the recommended one, '' where it is that one.
    """

    def __init__(self, root: Path, names: list[str] | None, threads: int, int8: bool) -> None:
        """Read the run in the checkout `root`; see `load_run`."""
        data, self.threads, self.int8 = root / "data", threads, int8
        choice = _read(root / "metrics/choice.json")
        exported = {path.name for path in (data / "export/models").glob("*")}
        if not exported:
            raise HemapipeError(f"{data / 'export/models'} holds no models: `make repro` trains and exports them")
        self.scores = {name: _read(root / f"metrics/evaluate/{name}.json") for name in exported}
        self.known = _usable(data, ranked(self.scores, root), threads, int8)
        if not self.known:
            raise HemapipeError(f"{root}: the run kept no weights; set `keep_weights: fold0` and `make repro`")
        self.recommended, self.caveat = recommend(choice, self.known)
        self.models = {name: self.known[name] for name in self._asked(names)}
        self.sets = {path.name: FeatureSet(path, threads) for path in sorted((data / "export/features").glob("*"))}
        self.domain: Domain | None = load_domain(data / "export/domain.npz")
        first = next(iter(self.models.values()))
        self.classes = first.card.classes
        self.positive = [self.classes[index] for index in first.positive]
        # Every image of a run becomes a square in one way, which networks and classical models note.
        self.recipe = recipe_of(next(model.card for model in self.known.values() if model.family != "ensemble"))
        exports = {name: _read(root / f"metrics/export/{name}.json") for name in self.known}
        #: Balanced accuracy on fold 0's test images of the networks in 8 bits.
        self.scores_8_bit = {
            name: float(of["balanced_accuracy_int8"]) for name, of in exports.items() if "balanced_accuracy_int8" in of
        }
        for name, of in exports.items():  # of the models that answer, on the same images
            if "balanced_accuracy" in of:
                self.scores[name]["balanced_accuracy_fold0"] = float(of["balanced_accuracy"])
        self.facts = {name: _read(root / f"metrics/{name}.json") for name in ("split", "catalog", "augment", "reject")}

    def _asked(self, names: list[str] | None) -> list[str]:
        wanted = names or [self.recommended, *(name for name in self.known if name != self.recommended)]
        for name in wanted:
            if name not in self.known:
                raise HemapipeError(f"no exported model {name!r}{did_you_mean(name, list(self.known))}")
        return wanted

    def version(self, name: str) -> str:
        """Return what made a prediction: a model's name, and `int8` where a network of it has 8 bits."""
        return f"{name} int8" if self.int8 and self._has_network(name) else name

    def only(self, name: str) -> Run:
        """Return this run with one of its models alone, so that no other is computed."""
        narrowed = copy.copy(self)
        narrowed.models = {name: self.known[name]}
        return narrowed

    def prepare(self, images: list[np.ndarray]) -> Prepared:
        """Return at least one RGB uint8 image of any size, ready for any model."""
        return Prepared(images, self.recipe, self.sets, self.threads)

    def look(self, images: list[np.ndarray]) -> list[Finding]:
        """Return a finding for each RGB uint8 height × width × 3 image; many at once are faster, and take memory."""
        if not images:
            return []
        ready = self.prepare(images)
        p = {name: model.probabilities(ready, self.known) for name, model in self.models.items()}
        decisions = {name: self.models[name].decide(values) for name, values in p.items()}
        cells = ready.cells(self.domain.px if self.domain else 128)
        flags = self.domain.flags(ready) if self.domain else [[] for _ in images]
        findings = []
        for index, row in enumerate(cells):
            seen = dict(zip(NAMES, row.tolist(), strict=True))
            strange = NOT_A_SMEAR in flags[index]
            findings.append(
                Finding(
                    {name: values[index] for name, values in p.items()},
                    {name: self.classes[int(values[index].argmax())] for name, values in p.items()},
                    {name: REFUSED if strange else decided[index] for name, decided in decisions.items()},
                    seen,
                    flags[index] + ([] if seen["has_white_cell"] else [NO_WHITE_CELL]),
                )
            )
        return findings

    def _has_network(self, name: str) -> bool:
        card = self.known[name].card
        return card.family == "cnn" or any(self._has_network(member) for member in card.of)

    def probabilities(self, name: str, images: list[np.ndarray]) -> np.ndarray:
        """Return one model's calibrated probabilities (n, k) of at least one image."""
        return self.known[name].probabilities(self.prepare(images), self.known)


def load_run(root: Path, names: list[str] | None = None, threads: int = 1, int8: bool = False) -> Run:
    """Return the run of a checkout with the models `names` (all where None); `int8` takes networks' 8-bit graphs.

    Raises:
        HemapipeError: nothing was exported yet, or an unknown model.
    """
    return Run(root, names, threads, int8)


def _usable(data: Path, names: list[str], threads: int, int8: bool) -> dict[str, Model]:
    """Return the models that kept their weights; ensembles need all of their members."""
    cards = {name: load_card(data / "export/models" / name) for name in names}
    able = {name for name, card in cards.items() if not card.missing}
    able -= {name for name, card in cards.items() if not able.issuperset(card.of)}
    return {
        name: Model(data / "export/models" / name, data / "calibration" / f"{name}.json", threads, int8)
        for name in names
        if name in able
    }


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}
