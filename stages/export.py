"""Export one trained model, fold 0's, to ONNX: `python -m stages.export <row of cnn or classical>`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hemapipe.calibrate.folds import calibrate
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import AUGMENT, MANIFEST, packed_rows, read_table, write_json
from hemapipe.export.models import export_classical, export_network, rows_of_fold_0
from hemapipe.features.store import read_features
from hemapipe.predict.card import RECIPE, ModelCard
from hemapipe.samples import load_samples
from stages.run import run


def main(name: str) -> None:
    """Write data/export/models/<name>/ and metrics/export/<name>.json."""
    values = read_params()
    preprocess = {key: lookup(values, f"preprocess.{key}") for key in RECIPE}
    threads = lookup(values, "threads")
    folder, out = Path("data/models") / name, Path("data/export/models") / name
    facts = json.loads((folder / "model.json").read_text("utf-8"))
    manifest = read_table("data/manifest.csv", MANIFEST)
    samples = load_samples(manifest, read_table("data/augment.csv", AUGMENT))
    rows = rows_of_fold_0(manifest, samples, facts["classes"])
    card = ModelCard(
        name=name,
        family="cnn" if "builder" in facts else "classical",
        kind=facts.get("arch", facts.get("kind")),
        classes=facts["classes"],
        px=facts.get("px", 0),
        features=list(dict.fromkeys(facts.get("features", []))),
        **preprocess,
    )
    if not list(folder.glob("fold0.*")):
        card = card.model_copy(update={"missing": "the run kept no weights: set `keep_weights: fold0` for this row"})
        out.mkdir(parents=True, exist_ok=True)
        card.save(out)
        metrics = {}
    elif card.family == "cnn":
        packed = np.load(f"data/packed/{card.px}.npy", mmap_mode="r")
        params = load(CalibrateParams, "calibrate")

        def fit(p: pd.DataFrame) -> dict[str, Any]:
            return calibrate(p.assign(image_id=rows.val_ids, fold=0, role="val"), manifest, params)

        metrics = export_network(folder, card, packed, rows, threads, out, fit)
    else:
        features = read_features(Path("data/features"), card.features, len(packed_rows(manifest)))
        metrics = export_classical(folder, card, features, rows, threads, out)
    write_json(metrics, Path("metrics/export") / f"{name}.json")
    print(f"{name}: " + (card.missing or ", ".join(f"{key} {value:.4g}" for key, value in metrics.items())))


if __name__ == "__main__":
    run(main)
