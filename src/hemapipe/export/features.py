"""The frozen network behind a feature set, exported for prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hemapipe.export.models import describe
from hemapipe.features.params import FeatureRow
from hemapipe.predict.card import GRAPH, ModelCard


def export_features(name: str, row: FeatureRow, preprocess: dict[str, Any], out: Path) -> int:
    """Write the card of a feature set to the folder `out`, and the graph of its backbone where it has one.

    Returns the graph's size in bytes, 0 without one.

    Raises:
        HemapipeError: unknown network or weights that cannot be had here.
    """
    card = ModelCard.model_validate({"name": name, "family": "features", "kind": row.kind, "px": row.px, **preprocess})
    out.mkdir(parents=True, exist_ok=True)
    card.save(out)
    if row.kind != "backbone":
        return 0
    from hemapipe.export.network import to_onnx
    from hemapipe.features.backbone import Normalised
    from hemapipe.models.cnn import backbone

    network, norm = backbone(row.builder, row.arch, row.weights, row.px)
    graph = describe(to_onnx(Normalised(network, norm).eval(), row.px, "features"), card)
    (out / GRAPH).write_bytes(graph)
    return len(graph)
