"""Training one fold and all folds: what is learned, what comes out, and what may not matter."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from cnn_toy import CLASSES, job, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import OPS, PREDICTIONS, write_table
from hemapipe.training.cnn.optim import make_optimizer, make_schedule
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.predict import predict
from hemapipe.training.cnn.runner import train
from hemapipe.training.cnn.store import Classifier, ModelCard, build_classifier, load_classifier, save_weights

ROOT = Path(__file__).resolve().parents[2]
CARD = ModelCard("lenet", "lenet", 32, CLASSES, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A job trained well on two folds, and where."""
    folder = tmp_path_factory.mktemp("learned")
    inputs = write_inputs(folder)
    recipe = {"epochs": 8, "lr": 0.003, "class_weights": True, "online_augment": ["flips"]}
    return train(job(**recipe), inputs, folder / "models", folder / "ck"), folder, inputs


def test_predictions_cover_every_sample_in_order_and_are_right(learned):
    trained, _, inputs = learned
    plan = pd.read_csv(inputs.augment)
    table = trained.predictions
    columns = [f"p_{name}" for name in CLASSES]
    assert list(table.columns) == [*PREDICTIONS, *columns]
    assert table["sample_id"].tolist() == plan["sample_id"].tolist()
    assert np.allclose(table[columns].sum(axis=1), 1)
    labels = pd.read_csv(inputs.manifest).set_index("image_id")["label"]
    found = np.array(CLASSES)[table[columns].to_numpy().argmax(1)]
    tested = table["role"] == "test"
    assert (found == labels[table["image_id"]])[tested.to_numpy()].mean() > 0.95


def test_metrics_are_flat_and_curves_complete(learned):
    trained, folder, _ = learned
    assert set(trained.metrics) == {
        "n_parameters", "n_trained", "n_bytes", "epochs_run",
        "train_loss", "train_accuracy", "val_loss", "val_accuracy",
    }  # fmt: skip
    assert trained.metrics["n_parameters"] == 456 + 2416 + (400 + 1) * 120 + 10_164 + 85 * 3
    assert trained.metrics["n_bytes"] == (folder / "models/fold0.safetensors").stat().st_size
    assert list(trained.curves.columns) == ["fold", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert trained.curves["fold"].tolist() == [0] * 8 + [1] * 8
    last = trained.curves.groupby("fold").last()
    assert trained.metrics["val_loss"] == pytest.approx(last["val_loss"].mean())
    assert all(trained.timing[name] > 0 for name in ("seconds_per_epoch", "images_per_second", "ms_per_image"))


def test_a_stored_model_predicts_the_same(learned):
    trained, folder, inputs = learned
    classifier, card = load_classifier(folder / "models")
    fold0 = trained.predictions[trained.predictions["fold"] == 0]
    originals = fold0["sample_id"].str.endswith("-0").to_numpy()
    packed = torch.from_numpy(np.load(inputs.packed)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        probabilities = classifier(packed).softmax(1).numpy()
    assert card.classes == CLASSES and card.px == 32
    np.testing.assert_allclose(probabilities, fold0.iloc[originals, 4:], atol=1e-5)


def test_two_runs_give_equal_bytes_and_another_seed_others(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    files = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        trained = train(job()._replace(seed=seed), inputs, tmp_path / name, tmp_path / f"ck-{name}")
        write_table(trained.predictions, tmp_path / name / "predictions.csv")
        files.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert files[0] == files[1]
    assert files[0]["fold0.safetensors"] != files[2]["fold0.safetensors"]


def test_labels_of_test_samples_change_no_byte(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    results = []
    for run in ("a", "b"):
        trained = train(job(early_stopping=2, class_weights=True), inputs, tmp_path / run, tmp_path / "ck")
        results.append((trained.predictions.to_csv(), trained.curves.to_csv(), trained.metrics))
        trained.progress.forget()
        manifest, plan = pd.read_csv(inputs.manifest, keep_default_na=False), pd.read_csv(inputs.augment)
        tested = manifest["image_id"].isin(plan.loc[plan["role"] == "test", "image_id"])
        before = manifest.loc[tested, "label"]
        manifest.loc[tested, "label"] = np.roll(before, 1)
        assert (before != manifest.loc[tested, "label"]).any()
        manifest.to_csv(inputs.manifest, index=False)
    assert results[0] == results[1]
    assert (tmp_path / "a/fold0.safetensors").read_bytes() == (tmp_path / "b/fold0.safetensors").read_bytes()


@pytest.mark.parametrize(
    "keep, kept", [("none", []), ("fold0", ["fold0.safetensors"]), ("all", ["fold0.safetensors", "fold1.safetensors"])]
)
def test_weights_are_kept_as_asked(tmp_path, keep, kept):
    train(job(epochs=1, keep_weights=keep), write_inputs(tmp_path), tmp_path / "m", tmp_path / "ck")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [*kept, "model.json"]
    assert json.loads((tmp_path / "m/model.json").read_text())["classes"] == CLASSES
    if keep == "none":
        with pytest.raises(HemapipeError, match="keep_weights"):
            load_classifier(tmp_path / "m")


def test_early_stopping_puts_the_best_weights_back(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    recipe = {"epochs": 12, "lr": 0.05, "schedule": "constant", "optimizer": "sgd", "early_stopping": 3}
    trained = train(job(**recipe), inputs, tmp_path / "m", tmp_path / "ck")
    losses, best = trained.curves["val_loss"], trained.curves["val_loss"].idxmin()
    assert len(losses) in (best + 4, 12)
    assert trained.metrics["val_loss"] == pytest.approx(losses[best])
    table = trained.predictions[trained.predictions["role"] == "val"]
    labels = pd.read_csv(inputs.manifest).set_index("image_id")["label"]
    chosen = [row[f"p_{labels[row['image_id']]}"] for _, row in table.iterrows()]
    assert -np.log(chosen).mean() == pytest.approx(losses[best], rel=1e-4)


def test_without_validation_the_columns_stay_empty_and_what_needs_it_says_so(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    plan = pd.read_csv(inputs.augment)
    plan.assign(role=plan["role"].replace("val", "train")).to_csv(inputs.augment, index=False)
    trained = train(job(epochs=1), inputs, tmp_path / "m", tmp_path / "ck")
    assert trained.curves["val_loss"].isna().all() and "val_loss" not in trained.metrics
    for recipe in ({"early_stopping": 2}, {"schedule": "plateau"}):
        with pytest.raises(HemapipeError, match=r"split\.val_frac"):
            train(job(**recipe), inputs, tmp_path / "m", tmp_path / "ck")
    plan[plan["role"] == "test"].to_csv(inputs.augment, index=False)
    with pytest.raises(HemapipeError, match="no training samples"):
        train(job(), inputs, tmp_path / "m", tmp_path / "ck")


def test_divergence_and_absent_devices_are_errors_for_people(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    with pytest.raises(HemapipeError, match="lower lr"):
        train(job(lr=1e30, optimizer="sgd"), inputs, tmp_path / "m", tmp_path / "ck")
    with pytest.raises(HemapipeError, match="precision 16 needs a GPU"):
        train(job(precision="16"), inputs, tmp_path / "m", tmp_path / "ck")
    if not torch.cuda.is_available():
        with pytest.raises(HemapipeError, match="accelerator gpu"):
            train(job(accelerator="gpu"), inputs, tmp_path / "m", tmp_path / "ck")


def test_training_prints_a_line_per_epoch_and_leaves_nothing_behind(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(job(epochs=2), write_inputs(tmp_path, n_folds=1), tmp_path / "m", tmp_path / "ck").progress.forget()
    printed = capfd.readouterr()
    assert len(printed.out.splitlines()) == 2 and printed.out.startswith("lenet  fold 1/1  epoch 1/2  train_loss")
    assert "Tip" not in printed.err and "GPU" not in printed.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["32.npy", "augment.csv", "ck", "m", "manifest.csv"]
    assert not any((tmp_path / "ck").iterdir())


@pytest.mark.parametrize("name, kind", [("adam", "Adam"), ("adamw", "AdamW"), ("adamax", "Adamax"), ("sgd", "SGD")])
def test_optimisers_get_their_settings(name, kind):
    recipe = TrainParams(optimizer=name, lr=0.25, weight_decay=0.125)
    optimizer = make_optimizer([{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": recipe.lr}], recipe)
    assert type(optimizer).__name__ == kind
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.25, 0.125)
    assert group.get("momentum", 0.9) == 0.9


@pytest.mark.parametrize(
    "schedule, first, peak, last",
    [
        ("one_cycle", 0.04, 1.0, 4e-6),
        ("cosine", 1.0, 1.0, 0.0),
        ("constant", 1.0, 1.0, 1.0),
        ("plateau", 1.0, 1.0, 1.0),
    ],
)
def test_schedules_start_peak_and_end_where_they_should(schedule, first, peak, last):
    recipe = TrainParams(schedule=schedule, lr=1.0, optimizer="sgd")
    optimizer = make_optimizer([{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": recipe.lr}], recipe)
    plan, rates = make_schedule(optimizer, recipe, 100), []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if plan is not None:
            plan.step()
    rates.append(optimizer.param_groups[0]["lr"] if schedule == "cosine" else rates[-1])
    assert (rates[0], max(rates), rates[-1]) == pytest.approx((first, peak, last), abs=1e-6)


def test_a_classifier_normalises_what_it_is_given(tmp_path):
    classifier = Classifier(torch.nn.Identity(), CARD)
    image = torch.full((1, 3, 1, 1), 51, dtype=torch.uint8)
    assert classifier(image).flatten().tolist() == pytest.approx([(0.2 - 0.5) / 0.2, (0.2 - 0.4) / 0.3, -0.1 / 0.4])


def test_probabilities_do_not_depend_on_the_batch_size():
    classifier = build_classifier(CARD, "scratch")
    packed = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    samples = pd.DataFrame({"row": range(7), "target": -1, "variant": 0})
    samples[OPS] = 0.0
    one, other = (predict(classifier, packed, samples, size) for size in (2, 7))
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert one.shape == (7, 3) and not classifier.training


def test_equal_weights_are_equal_files_whatever_their_layout(tmp_path):
    classifier = build_classifier(CARD, "scratch")
    save_weights(classifier, tmp_path / "a")
    save_weights(classifier.to(memory_format=torch.channels_last), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_stage_writes_what_it_declares(tmp_path, monkeypatch, capfd):
    (tmp_path / "data/packed").mkdir(parents=True)
    write_inputs(tmp_path, n_folds=1)
    (tmp_path / "32.npy").rename(tmp_path / "data/packed/32.npy")
    for name in ("manifest.csv", "augment.csv"):
        (tmp_path / name).rename(tmp_path / "data" / name)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    row = {"builder": "lenet", "px": 32, "weights": "scratch", "epochs": 1}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**params, "threads": 1, "cnn": {"tiny": row}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stages.train_cnn", "tiny"])
    capfd.readouterr()
    runpy.run_module("stages.train_cnn", run_name="__main__")
    assert capfd.readouterr().err == ""
    for name in ("data/models/tiny/model.json", "data/predictions/tiny.csv", "plots/train/tiny.csv"):
        assert (tmp_path / name).exists()
    assert json.loads((tmp_path / "metrics/train/tiny.json").read_text())["epochs_run"] == 1
    timing = json.loads((tmp_path / "data/timing/train_cnn-tiny.json").read_text())
    assert timing["name"] == "tiny" and timing["seconds"] >= timing["seconds_per_epoch"]
    assert not any((tmp_path / "data/checkpoints").iterdir())
