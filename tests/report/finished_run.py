"""A small finished run: what the stages before `evaluate` would have written, made up; four models, three folds."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evaluation"))
from evaluation_examples import CLASSES, manifest_and_groups, predictions

from hemapipe.core.tables import write_json, write_table
from stages import calibrate, choose_model, compare, evaluate, report

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"lenet": 0.8, "lr": 2.0, "knn": 1.2, "vote": 1.6}
LEAKAGE = {
    "lr_model": "logistic regression on lite0", "lr_image": 0.9, "lr_image_low": 0.86, "lr_image_high": 0.93,
    "lr_honest": 0.7, "lr_honest_low": 0.62, "lr_honest_high": 0.78, "lr_gap": 0.2, "lr_gap_low": 0.11,
    "lr_gap_high": 0.29, "cnn_model": "lenet at 64 px, 1 epochs", "cnn_image": 0.5, "cnn_image_low": 0.4,
    "cnn_image_high": 0.6, "cnn_honest": 0.51, "cnn_honest_low": 0.41, "cnn_honest_high": 0.61, "cnn_gap": -0.01,
    "cnn_gap_low": -0.08, "cnn_gap_high": 0.06, "scheme_honest": "group", "n_folds": 3, "n_test": 60,
    "n_train_mean": 40.0, "n_groups": 12, "few_groups": 1, "n_siblings_image": 58, "note": "",
}  # fmt: skip


def write_inputs(root: Path) -> None:
    """Write the tables and metrics that evaluate, compare and report read."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["cnn"] = {"lenet": {"builder": "lenet", "px": 64, "weights": "scratch"}}
    params["classical"] = {name: {"kind": name, "features": ["pixels", "pixels"]} for name in ("lr", "knn")}
    params["ensemble"] = {"vote": {"kind": "vote", "of": ["lenet", "lr", "knn"]}}
    params["calibrate"] = {"positive": ["early", "pro"], "sensitivity": 0.95, "cost": None}
    params["evaluate"] = {"n_resamples": 50, "ece_bins": 10}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    manifest, groups = manifest_and_groups()
    write_table(manifest.fillna("").assign(width=8, height=8, conflict=False), root / "data/manifest.csv")
    write_table(groups, root / "data/groups.csv")
    write_table(groups[["image_id"]].assign(near_repeat="", session=""), root / "data/ties.csv")
    for seed, (model, skill) in enumerate(MODELS.items()):
        write_table(predictions(manifest, groups, seed=seed, skill=skill), root / f"data/predictions/{model}.csv")
        write_json({"n_bytes": 1000 * (seed + 1)}, root / f"metrics/train/{model}.json")
    write_json({"n_bytes": 250_000, "n_parameters": 61_706, "epochs_run": 3.0}, root / "metrics/train/lenet.json")
    curve = [
        (fold, epoch, 1.0 - epoch / 5, 0.6 + epoch / 8, 1.1 - epoch / 6, 0.5 + epoch / 8)
        for fold in range(3)
        for epoch in range(3)
    ]
    fields = ["fold", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    write_table(pd.DataFrame(curve, columns=fields), root / "plots/train/lenet.csv")
    write_metrics(root)


def write_metrics(root: Path) -> None:
    """Write what catalog, split and augment report, and a sheet of images."""
    counts = {f"n_{name}": 20 for name in CLASSES}
    faults = {"n_files": 62, "n_ok": 60, "n_truncated": 1, "n_unreadable": 1, "n_patients": 12, "n_classes": 3}
    write_json(
        {**counts, **faults, "warnings": "patients in two classes: <P07>", "ignored": ""}, root / "metrics/catalog.json"
    )
    leaks = {"leak_patients": 0, "leak_repeats": 0, "leak_groups": 0}
    write_json({"n_folds": 3, "n_train": 1200, "n_test": 60, **leaks}, root / "metrics/split.json")
    plan = {f"{when}_{name}": 30 for when in ("before", "after") for name in CLASSES}
    write_json({"n_samples": 200, "leak_siblings": 0, **plan}, root / "metrics/augment.json")
    write_json(LEAKAGE, root / "metrics/leakage.json")
    write_json({"n_near_repeats": 7, "n_clusters": 5, "n_sessions": 0}, root / "metrics/ties.json")
    write_audit(root)
    (root / "plots/catalog").mkdir(parents=True)
    Image.fromarray(np.full((20, 40, 3), 180, np.uint8)).save(root / "plots/catalog/sheet.png")


def write_audit(root: Path) -> None:
    """Write the verdicts of an audit as it leaves them."""
    rows = [
        ("border", "would inflate results", "The border alone reaches .90 <b>.", "Crop it."),
        ("quality", "ok", "No image falls out of its set.", ""),
    ]
    fields = ["check", "verdict", "evidence", "advice"]
    write_table(pd.DataFrame(rows, columns=fields), root / "plots/audit/verdicts.csv")
    write_json({f"verdict_{row[0]}": row[1] for row in rows} | {"n_ok": 1}, root / "metrics/audit.json")


def run_stages() -> None:
    """Run calibrate and evaluate for each model, then choose, compare and report, in the current folder."""
    for model in MODELS:
        calibrate.main(model)
        evaluate.main(model)
    choose_model.main()
    compare.main()
    report.main()
