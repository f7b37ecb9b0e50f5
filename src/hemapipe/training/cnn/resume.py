"""Interrupted training: where its state is kept, and under which name, so that it is never taken for another's."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from hemapipe.models import cnn
from hemapipe.training.cnn.store import Classifier, load_weights, save_weights


class Progress:
    """The folder of one run: `fold<k>.ckpt` while a fold trains, `fold<k>.safetensors` and `.json` once it is done."""

    def __init__(self, folder: Path) -> None:
        """Keep the state in `folder`."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def checkpoint(self, fold: int) -> Path:
        """Return the resume file of a fold, which may not exist."""
        return self.folder / f"fold{fold}.ckpt"

    def weights(self, fold: int) -> Path:
        """Return the file of a finished fold's weights."""
        return self.folder / f"fold{fold}.safetensors"

    def finished(self, fold: int) -> bool:
        """Say whether a fold need not be trained any more."""
        return self._record(fold).exists()

    def finish(self, fold: int, classifier: Classifier, rows: list[dict[str, float]]) -> None:
        """Keep the result of a fold; the record comes last and whole, so its presence means that all is there."""
        save_weights(classifier, self.weights(fold))
        beside = self._record(fold).with_suffix(".new")
        beside.write_text(json.dumps(rows), encoding="utf-8")
        beside.replace(self._record(fold))
        self.checkpoint(fold).unlink(missing_ok=True)

    def result(self, fold: int, classifier: Classifier) -> list[dict[str, float]]:
        """Fill `classifier` with a finished fold's weights and return its history."""
        load_weights(classifier, self.weights(fold))
        return json.loads(self._record(fold).read_text(encoding="utf-8"))

    def forget(self) -> None:
        """Remove this run and what older interrupted ones of the same model left."""
        name = self.folder.name.rsplit("-", 1)[0]
        for folder in self.folder.parent.glob(f"{name}-*"):
            if folder.name.rsplit("-", 1)[0] == name:
                shutil.rmtree(folder)

    def _record(self, fold: int) -> Path:
        return self.folder / f"fold{fold}.json"


def run_key(facts: dict[str, Any], files: Iterable[Path], builder: str) -> str:
    """Return a short hash of all that decides a result: parameters, input files, the code of training, torch."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    package = Path(__file__).parents[2]
    folders = [package / name for name in ("core", "augment", "training/cnn")]
    networks = [Path(cnn.__path__[0]) / f"{name}.py" for name in ("__init__", "weights", builder)]
    code = [*(file for folder in folders for file in sorted(folder.glob("*.py"))), package / "samples.py", *networks]
    for path in [*files, *code]:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:16]
