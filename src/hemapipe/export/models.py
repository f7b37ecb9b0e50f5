"""One trained model of a run, exported: graph, 8-bit graph, card; compared with the original before it is believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pandas as pd
from sklearn.metrics import recall_score

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json
from hemapipe.predict.card import CALIBRATION_8_BIT, GRAPH, GRAPH_8_BIT, ModelCard
from hemapipe.runtime import session

#: Probabilities of the graph may differ from the original's by this much.
PARITY = 1e-4
#: Training images that show the quantiser the ranges of the activations.
N_CALIBRATION = 128
_RESEARCH = "Research use only: not a medical device."


#: Probabilities of fold 0's validation images, columns p_<class> → a table as `calibrate.folds.calibrate` makes it.
Fit = Callable[[pd.DataFrame], dict[str, Any]]


class Rows(NamedTuple):
    """Original images of fold 0: rows of the packed arrays by role, and the class of each test row.

    `val_ids` are the names of the validation images.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    val_ids: np.ndarray
    target: np.ndarray


def rows_of_fold_0(manifest: pd.DataFrame, samples: pd.DataFrame, classes: list[str]) -> Rows:
    """Return the rows of `samples.load_samples` that exporting looks at."""
    first = samples[(samples["fold"] == 0) & (samples["variant"] == 0)]
    val, test = (first[first["role"] == role] for role in ("val", "test"))
    labels = test["image_id"].map(manifest.set_index("image_id")["label"])
    of_train = np.sort(first.loc[first["role"] == "train", "row"].to_numpy())
    spread = np.linspace(0, max(len(of_train) - 1, 0), min(N_CALIBRATION, len(of_train))).astype(int)
    return Rows(
        of_train[spread],
        val["row"].to_numpy(),
        test["row"].to_numpy(),
        val["image_id"].to_numpy(str),
        np.searchsorted(classes, labels.to_numpy(str)),
    )


def describe(graph: bytes, card: ModelCard) -> bytes:
    """Return the graph with labels and preprocessing in its metadata, so that the file alone can be used."""
    model = onnx.load_model_from_string(graph)
    facts = {"labels": json.dumps(card.classes), "hemapipe": card.model_dump_json(), "use": _RESEARCH}
    onnx.helper.set_model_props(model, facts)
    return model.SerializeToString()


def require_parity(name: str, original: np.ndarray, exported: np.ndarray) -> None:
    """Raise a HemapipeError if probabilities (n, k) of the exported graph are not the original's."""
    off = float(np.abs(original - exported).max(initial=0))
    if not off <= PARITY:
        raise HemapipeError(f"{name}: the exported graph's probabilities are off by {off:.2g}, more than {PARITY}")


def export_network(
    folder: Path, card: ModelCard, packed: np.ndarray, rows: Rows, threads: int, out: Path, fit: Fit
) -> dict[str, Any]:
    """Export the network of `data/models/<model>/` to the folder `out` and return flat metrics.

    The 8-bit graph gets a temperature and thresholds of its own, by `fit`, from what it says of the validation images.

    Raises:
        HemapipeError: the graph does not give what the network gives.
    """
    import torch

    from hemapipe.export import network
    from hemapipe.export.quantise import quantise
    from hemapipe.training.cnn.store import load_classifier

    torch.set_num_threads(threads)
    classifier, _ = load_classifier(folder)
    module = network.ByPixels(classifier).eval()
    graph = describe(network.to_onnx(module, card.px, "logits"), card)
    small = describe(quantise(graph, packed[rows.train]), card)
    images = packed[rows.test]
    with torch.inference_mode():
        original = [softmax(module(torch.from_numpy(part)).numpy()) for part in _parts(images)]
    exported, reduced = (_run(one, "images", images, threads, len(card.classes)) for one in (graph, small))
    require_parity(card.name, np.concatenate([np.empty((0, len(card.classes))), *original]), softmax(exported))
    _write(out, card, graph, small)
    of_val = softmax(_run(small, "images", packed[rows.val], threads, len(card.classes)))
    write_json(fit(pd.DataFrame(of_val, columns=[f"p_{name}" for name in card.classes])), out / CALIBRATION_8_BIT)
    return {
        "n_bytes": len(graph),
        "n_bytes_int8": len(small),
        **accuracies(rows.target, exported.argmax(1), reduced.argmax(1)),
    }


def export_classical(
    folder: Path, card: ModelCard, features: np.ndarray, rows: Rows, threads: int, out: Path
) -> dict[str, Any]:
    """Export the fitted pipeline of `data/models/<model>/` to `out` and return flat metrics.

    Raises:
        HemapipeError: the graph does not give what the pipeline gives.
    """
    from hemapipe.export import classical
    from hemapipe.training.classical.store import load_model

    model, _ = load_model(folder)
    graph = describe(classical.to_onnx(model, features.shape[1]), card)
    x = features[rows.test]
    exported = _run(graph, classical.INPUT, x, threads, len(card.classes))
    if len(x):
        require_parity(card.name, model.predict(x), exported)
    _write(out, card, graph)
    return {"n_bytes": len(graph), **accuracies(rows.target, exported.argmax(1))}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities (n, k), float64, of logits (n, k), as `training.cnn.predict` makes them."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def accuracies(target: np.ndarray, calls: np.ndarray, calls_8_bit: np.ndarray | None = None) -> dict[str, Any]:
    """Return balanced accuracies on fold 0's test rows, and the share of rows that 8 bits call the same."""
    if not len(target):
        return {"n_test": 0}
    found: dict[str, Any] = {"n_test": len(target), "balanced_accuracy": _balanced(target, calls)}
    if calls_8_bit is not None:
        found["balanced_accuracy_int8"] = _balanced(target, calls_8_bit)
        found["same_call_int8"] = float((calls == calls_8_bit).mean())
    return found


def _balanced(target: np.ndarray, calls: np.ndarray) -> float:
    # A call of a class without test rows is wrong, not a further class.
    return float(recall_score(target, calls, labels=np.unique(target), average="macro", zero_division=0))


def _run(graph: bytes, name: str, inputs: np.ndarray, threads: int, n_classes: int) -> np.ndarray:
    running = session(graph, threads)
    return np.concatenate(
        [np.empty((0, n_classes), np.float32), *(running.run(None, {name: part})[0] for part in _parts(inputs))]
    )


def _parts(images: np.ndarray, size: int = 32) -> list[np.ndarray]:
    return [np.ascontiguousarray(images[start : start + size]) for start in range(0, len(images), size)]


def _write(out: Path, card: ModelCard, graph: bytes, small: bytes | None = None) -> None:
    out.mkdir(parents=True, exist_ok=True)
    card.save(out)
    (out / GRAPH).write_bytes(graph)
    if small is not None:
        (out / GRAPH_8_BIT).write_bytes(small)
