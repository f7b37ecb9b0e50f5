"""Classical training end to end on a toy: what is predicted, and that only permitted things decide it."""

import numpy as np
import pandas as pd
import pytest
from classical_toy import NAMES, NEUTRAL, job, make_data, save

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import AUGMENT, MANIFEST, PREDICTIONS, read_table, write_table
from hemapipe.models.classical import KINDS
from hemapipe.training.classical.runner import train


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def accuracy(predictions: pd.DataFrame, data, role: str) -> float:
    labels = read_table(data / "manifest.csv", MANIFEST).set_index("image_id")["label"]
    rows = predictions[predictions["role"] == role]
    best = np.array(NAMES)[rows[[f"p_{name}" for name in NAMES]].to_numpy().argmax(axis=1)]
    return float((best == rows["image_id"].map(labels).to_numpy()).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_and_predicts_every_sample(data, kind):
    trained = train(job(kind), data)
    plan = read_table(data / "augment.csv", AUGMENT)
    pd.testing.assert_frame_equal(trained.predictions[PREDICTIONS], plan[PREDICTIONS])
    p = trained.predictions[[f"p_{name}" for name in NAMES]].to_numpy()
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert accuracy(trained.predictions, data, "test") > 0.75  # a third is chance
    assert trained.metrics["val_accuracy"] == pytest.approx(
        np.mean([accuracy(part, data, "val") for _, part in trained.predictions.groupby("fold")])
    )
    assert trained.metrics["n_features"] == 8
    assert trained.metrics["n_parameters"] > 0
    assert np.isfinite(list(trained.metrics.values())).all()
    assert "seconds" not in " ".join(trained.metrics)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_runs_give_equal_bytes_whatever_the_threads(data, kind):
    first = train(job(kind, keep_weights="all"), data)
    before = files(data / "models" / "toy")
    again = train(job(kind, threads=4, keep_weights="all"), data)
    assert list(before) == ["fold0.skops", "fold1.skops", "model.json"]
    assert files(data / "models" / "toy") == before
    pd.testing.assert_frame_equal(again.predictions, first.predictions, check_exact=True)
    assert again.metrics == first.metrics


@pytest.mark.parametrize("kind", ["logistic_regression", "svm"])
def test_labels_of_test_rows_change_nothing(tmp_path, kind):
    """With one fold, so that a tested image trains nowhere."""
    data = make_data(tmp_path, n_folds=1)
    first = train(job(kind), data)
    before = files(data / "models" / "toy")
    manifest, plan = read_table(data / "manifest.csv", MANIFEST), read_table(data / "augment.csv", AUGMENT)
    tested = manifest["image_id"].isin(plan.loc[plan["role"] == "test", "image_id"])
    manifest.loc[tested, "label"] = manifest.loc[tested, "label"].sample(frac=1, random_state=0).to_numpy()
    write_table(manifest, data / "manifest.csv")
    pd.testing.assert_frame_equal(train(job(kind), data).predictions, first.predictions, check_exact=True)
    assert files(data / "models" / "toy") == before


def test_variants_without_features_get_no_row_and_with_features_train(data):
    plan = read_table(data / "augment.csv", AUGMENT)
    image = plan.loc[(plan["fold"] == 0) & (plan["role"] == "train"), "image_id"].iloc[0]
    more = {
        "sample_id": f"{image}+1",
        "image_id": image,
        "variant": 1,
        **NEUTRAL,
        "fold": 0,
        "role": "train",
        "inner": -1,
    }
    write_table(pd.concat([plan, pd.DataFrame([more])]), data / "augment.csv")
    without = train(job(), data).predictions
    assert len(without) == len(plan)
    for name, width in (("a", 6), ("b", 2)):
        save(data / "variants" / f"{name}.npy", np.full((1, width), 3, np.float32))
    with_features = train(job(), data).predictions
    assert with_features["sample_id"].iloc[-1] == f"{image}+1"
    changed = (with_features.iloc[:-1]["p_pro"] - without["p_pro"]).abs().groupby(without["fold"]).max()
    assert changed[0] > 1e-6  # fold 0 had one row more to learn from
    assert changed[1] == 0


def test_a_class_without_training_rows_gets_next_to_no_probability(data):
    plan, manifest = read_table(data / "augment.csv", AUGMENT), read_table(data / "manifest.csv", MANIFEST)
    early = plan["image_id"].isin(manifest.loc[manifest["label"] == "early", "image_id"])
    write_table(plan[~(early & (plan["role"] == "train"))], data / "augment.csv")
    for kind in ("logistic_regression", "xgboost", "knn"):
        p = train(job(kind), data).predictions
        assert 0 < p["p_early"].max() < 1e-9


def test_one_class_is_refused(data):
    plan, manifest = read_table(data / "augment.csv", AUGMENT), read_table(data / "manifest.csv", MANIFEST)
    benign = plan["image_id"].isin(manifest.loc[manifest["label"] == "benign", "image_id"])
    write_table(plan[benign | (plan["role"] != "train")], data / "augment.csv")
    with pytest.raises(HemapipeError, match="1 classes to train on"):
        train(job(), data)


def test_without_validation_rows_there_are_no_validation_metrics(data):
    plan = read_table(data / "augment.csv", AUGMENT)
    write_table(plan[plan["role"] != "val"], data / "augment.csv")
    metrics = train(job(), data).metrics
    assert "train_loss" in metrics and not [name for name in metrics if name.startswith("val")]


def test_class_weights_help_the_rare_class(data):
    plan, manifest = read_table(data / "augment.csv", AUGMENT), read_table(data / "manifest.csv", MANIFEST)
    rare = plan["image_id"].isin(manifest.loc[manifest["label"] == "pro", "image_id"]) & (plan["role"] == "train")
    write_table(plan.drop(plan.index[rare][4:]), data / "augment.csv")
    none, balanced = (train(job(class_weight=choice), data).predictions for choice in ("none", "balanced"))
    assert balanced["p_pro"].mean() > none["p_pro"].mean() + 0.03


def test_components_are_kept_and_too_many_refused(data):
    train(job(pca=2), data)
    with pytest.raises(HemapipeError, match="pca: 9 components"):
        train(job(pca=9), data)


def test_weights_can_be_left_out(data):
    train(job(keep_weights="none"), data)
    assert list(files(data / "models" / "toy")) == ["model.json"]
