"""Pictures: they exist, are small, and have equal bytes for equal data."""

import numpy as np
import pandas as pd
from evaluation_examples import calibration, manifest_and_groups, predictions
from PIL import Image

from hemapipe.evaluation import patients, plots
from hemapipe.evaluation.evaluate import write_plots
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import scored_rows
from hemapipe.evaluation.summary import summarise

NAMES = ("confusion", "patients", "pr", "reliability", "roc")


def test_a_models_folder(tmp_path):
    manifest, groups = manifest_and_groups()
    rows = scored_rows(predictions(manifest, groups), calibration(), manifest, groups)
    params = EvaluateParams(n_resamples=20, ece_bins=10)
    table = patients.verdicts(rows, None, params)
    metrics = summarise(rows, params, 1) | patients.summarise(table, rows, params, 1)
    for folder in ("one", "two"):
        write_plots(rows, metrics, table, params, tmp_path / folder)
    first, second = (sorted((tmp_path / folder).iterdir()) for folder in ("one", "two"))
    assert [file.name for file in first] == sorted(f"{name}.{kind}" for name in NAMES for kind in ("csv", "png"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    for file in first:
        assert file.stat().st_size < 25_000
        if file.suffix == ".png":
            picture = np.asarray(Image.open(file).convert("RGB"))
            assert picture.shape == (408, 468, 3) and picture.std() > 15


def test_the_shade_of_a_confusion_cell_is_its_share(tmp_path):
    table = pd.DataFrame({"actual": ["a"] * 10 + ["b"] * 10, "predicted": ["a"] * 10 + ["a"] * 9 + ["b"]})
    plots.draw(plots.confusion, table, ["a", "b"], path=tmp_path / "c.png", size=(2, 2))
    picture = np.asarray(Image.open(tmp_path / "c.png").convert("L")).astype(int)
    upper, lower = picture[60:70, 60:75].min(), picture[170:175, 150:160].mean()
    assert upper < 120 < lower


def test_learning_curves(tmp_path):
    places = [(fold, epoch) for fold in range(3) for epoch in range(1, 6 + fold)]
    rows = [(fold, epoch, 1 / epoch, 1 - 0.4 / epoch, 1.1 / epoch, 1 - 0.5 / epoch) for fold, epoch in places]
    table = pd.DataFrame(rows, columns=["fold", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"])
    table.to_csv(tmp_path / "a.csv", index=False)
    plots.learning_curves(tmp_path / "a.csv", tmp_path / "a.png")
    plots.learning_curves(tmp_path / "a.csv", tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").size == (912, 324)
