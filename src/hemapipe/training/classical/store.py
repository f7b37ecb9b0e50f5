"""A fitted classical model on disk: skops, never pickle, and equal bytes for equal models.

skops names arrays by their address in memory and stamps them with the time. Both are replaced here: numbers in order of
appearance, and the zip format's first day.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from sklearn.pipeline import Pipeline

from hemapipe.core.errors import HemapipeError
from hemapipe.models.classical import FLOOR, predict_proba

# skops lists scikit-learn's estimators by importing all its packages; one of them would bring torch, for seconds.
_BRINGS_TORCH = "sklearn.externals.array_api_compat.torch"
_hidden = sys.modules.setdefault(_BRINGS_TORCH, None)  # type: ignore[arg-type]
import skops.io  # noqa: E402

if _hidden is None:
    del sys.modules[_BRINGS_TORCH]

CARD = "model.json"
_SCHEMA = "schema.json"
_DATE = (1980, 1, 1, 0, 0, 0)
#: Types beyond skops' own list that our kinds consist of; all are plain data with methods.
TRUSTED = [
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.model_selection._split.PredefinedSplit",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
]


class ClassicalModel(NamedTuple):
    """A fitted pipeline; `present` are the classes it saw, of `n_classes`."""

    kind: str
    pipeline: Pipeline
    present: list[int]
    n_classes: int

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities (n, n_classes), float64; a class never seen gets next to none."""
        p = np.full((len(features), self.n_classes), FLOOR)
        p[:, self.present] = predict_proba(self.kind, self.pipeline, features)
        return p / p.sum(axis=1, keepdims=True)


def dumps(model: ClassicalModel) -> bytes:
    """Return the model as a skops archive whose bytes depend on its content alone."""
    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(skops.io.dumps(model._asdict()))) as raw, ZipFile(buffer, "w", ZIP_DEFLATED) as out:
        schema = json.loads(raw.read(_SCHEMA))
        names: dict[str, str] = {}
        _renumber(schema, {}, names)
        for old, new in names.items():
            content = raw.read(old)
            _write(out, new, _without_padding(content) if old.endswith(".npy") else content)
        _write(out, _SCHEMA, json.dumps(schema, indent=1).encode())
    return buffer.getvalue()


def load_model(folder: Path, fold: int = 0) -> tuple[ClassicalModel, dict[str, Any]]:
    """Return the model of `data/models/<model>/` and its card (classes, feature sets, settings).

    Raises:
        HemapipeError: the weights of that fold were not kept, or the file holds types hemapipe does not trust.
    """
    path = folder / f"fold{fold}.skops"
    if not path.exists():
        raise HemapipeError(
            f"{path} not found: set `keep_weights: fold0` or `all` in train_classical, then `dvc repro`"
        )
    strangers = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    if strangers:
        raise HemapipeError(f"{path} holds types that are not loaded: {', '.join(strangers)}")
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return ClassicalModel(**skops.io.load(path, trusted=TRUSTED)), card


def _renumber(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Replace addresses by numbers in order of appearance, here and below; note old → new file names."""
    if isinstance(node, list):
        for item in node:
            _renumber(item, ids, names)
        return
    if not isinstance(node, dict):
        return
    if "__id__" in node:
        # Which equal texts and numbers are one object is the interpreter's business: each is its own here.
        is_value = node.get("__loader__") == "JsonNode"
        node["__id__"] = ids.setdefault(-len(ids) - 1 if is_value else node["__id__"], len(ids))
    if isinstance(node.get("file"), str):
        node["file"] = names.setdefault(node["file"], f"{len(names)}{PurePath(node['file']).suffix}")
    for value in node.values():
        _renumber(value, ids, names)


def _without_padding(content: bytes) -> bytes:
    """Return a .npy file whose structured array (a tree's nodes) has zeros between its fields, not chance memory."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.frombuffer(bytearray(array.nbytes), array.dtype).reshape(array.shape)
    for name in filter(None, array.dtype.names):
        clean[name] = array[name]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()


def _write(archive: ZipFile, name: str, content: bytes) -> None:
    info = ZipInfo(name, _DATE)
    info.compress_type = ZIP_DEFLATED
    archive.writestr(info, content)
