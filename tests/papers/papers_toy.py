"""What the tests of hemapipe.papers share: the claims with something changed, and made-up results."""

import json

import pandas as pd
import yaml

from hemapipe.papers.claims import CLAIMS_PATH, load_claims
from hemapipe.papers.printed import Loader

#: A sixth paper: one entry, no code.
SIXTH = {
    "title": "A sixth paper",
    "where": "nowhere",
    "data": "C-NMC",
    "classes": ["hem", "all"],
    "positive": "all",
    "rows": {"Net": "lenet"},
    "claims": {"Net": {"accuracy": "90.0 %", "recall_all": "0.95"}},
    "headline": ["accuracy", "recall_all"],
    "matrices": {"Net": {"rows": [[80, 20], [10, 190]]}},
    "checks": [{"kind": "matrix_accuracy"}, {"kind": "totals", "parts": [100, 200], "total": 301, "of": "images"}],
}


def load_changed(tmp_path, change):
    """Load claims.yaml after `change(content)`, numbers still as printed."""
    content = yaml.load(CLAIMS_PATH.read_text(encoding="utf-8"), Loader)
    change(content)
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_claims(path)


def write_run(results, name, models, **origin):
    """Write `results/<name>/` with `run.json` and the metrics of models: {row: {metric: value}}."""
    folder = results / name / "metrics" / "evaluate"
    folder.mkdir(parents=True)
    (results / name / "run.json").write_text(json.dumps({"run": name, **origin}))
    for row, metrics in models.items():
        (folder / f"{row}.json").write_text(json.dumps(metrics))
    return results / name


def interval(metric, value, low, high):
    return {metric: value, f"{metric}_low": low, f"{metric}_high": high}


def write_curves(run, row, epochs):
    """Write `plots/train/<row>.csv` of a run from (fold, epoch from 0, train loss, accuracy, val loss, accuracy)."""
    path = run / "plots" / "train" / f"{row}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["fold", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    pd.DataFrame(epochs, columns=names).to_csv(path, index=False)
