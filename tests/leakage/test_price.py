"""What the comparison says: a gap where patients give themselves away, none where they do not."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from leakage_toy import CLASSES, PX, job, measure, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.core.tables import MANIFEST, read_table, write_json
from hemapipe.evaluation import plots
from hemapipe.leakage import picture, price
from hemapipe.leakage.facts import CALLS, note
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.report import highlights
from stages import price_leakage, train_leakage


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return write_inputs(tmp_path_factory.mktemp("signed") / "data", signature=True)


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory):
    return write_inputs(tmp_path_factory.mktemp("unsigned") / "data", signature=False)


def test_a_patient_s_colour_is_worth_a_gap(signed):
    found = measure(job(epochs=15, lr=0.003), signed)
    for model in price.MODELS:
        assert found[f"{model}_gap"] == pytest.approx(found[f"{model}_image"] - found[f"{model}_honest"], abs=2e-6)
        assert 0 < found[f"{model}_gap_low"] <= found[f"{model}_gap"] <= found[f"{model}_gap_high"], model
    assert (found["n_test"], found["n_train_mean"], found["n_groups"]) == (160, 80.0, 16)
    assert found["n_siblings_image"] == 160 and found["few_groups"] == 1 and found["note"] == ""


def test_without_a_signature_the_interval_covers_none(unsigned):
    found = measure(job(), unsigned)
    for model in price.MODELS:
        assert found[f"{model}_gap_low"] <= 0 <= found[f"{model}_gap_high"], model


@pytest.mark.slow  # starts processes that import torch
def test_threads_and_repetition_change_no_digit(signed):
    assert measure(job(threads=1), signed) == measure(job(threads=2), signed)


def test_labels_of_other_images_do_not_help_a_fold(signed, tmp_path):
    """Permuted labels: neither arm is better than guessing, so that no test label reaches a model."""
    shutil.copytree(signed, tmp_path / "data")
    manifest = read_table(signed / "manifest.csv", MANIFEST)
    random = np.random.default_rng(1)
    manifest["label"] = random.permutation(manifest["label"])
    manifest.to_csv(tmp_path / "data/manifest.csv", index=False)
    found = measure(job(scheme="patient"), tmp_path / "data")
    for key in ("lr_image", "lr_honest"):
        assert abs(found[key] - 0.5) < 0.15


def test_the_gap_is_paired_known_answers():
    """Eight images of four groups; the arm by image is wrong once, the honest one on the whole group d."""
    images = [f"i{i}" for i in range(8)]
    y = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    groups = pd.Series(np.repeat(list("abcd"), 2), index=images)
    calls = pd.DataFrame(dict.fromkeys(CALLS, y)).assign(image_id=images)
    for model in price.MODELS:
        calls.loc[0, f"{model}_image"], calls.loc[[6, 7], f"{model}_honest"] = 1, 0
    labels = pd.Series(np.array(CLASSES)[y], index=images)
    found = price.price(calls, labels, groups, CLASSES, 500, seed=1)
    assert (found["lr_image"], found["lr_honest"], found["lr_gap"]) == (0.875, 0.75, 0.125)
    same = price.price(calls.assign(lr_honest=calls["lr_image"]), labels, groups, CLASSES, 500, seed=1)
    assert (same["lr_gap"], same["lr_gap_low"], same["lr_gap_high"]) == (0, 0, 0)  # unpaired it would have a width
    assert same["lr_image_low"] < same["lr_image_high"]


def toy_calls(image=0, honest=1):
    """Forty images, half of each class; both models call an image rightly but for `image` and `honest` in ten of b."""
    images = [f"i{n:02}" for n in range(40)]
    y = np.arange(40) // 20
    calls = pd.DataFrame(dict.fromkeys(CALLS, y)).assign(image_id=images)
    for model in price.MODELS:
        for arm, wrong in (("image", image), ("honest", honest)):
            calls.loc[(np.arange(40) % 10 < wrong) & (y == 1), f"{model}_{arm}"] = 0
    return calls, pd.Series(np.array(CLASSES)[y], index=images), np.array(images)


@pytest.mark.parametrize("n_clusters", [1, 2])
def test_a_class_in_one_cluster_has_a_note_in_place_of_scores(n_clusters, tmp_path):
    calls, labels, images = toy_calls()
    clusters = pd.Series((np.arange(40) // (40 // n_clusters)).astype(str), index=images)
    found = price.price(calls, labels, clusters, CLASSES, 50, seed=1)
    assert set(found) == {"note"} and "without an interval" in found["note"]
    assert price.sentences(found) == [found["note"]] and price.to_table(found).empty
    plots.draw(picture.paint, found, path=tmp_path / "p.png", size=(7.6, 2.3))
    assert highlights.price(found)["headline"] == "The price of leaking could not be measured."


def test_scores_without_limits_are_told_without_them(tmp_path):
    """Models that call every image alike: no resample differs, and there is nothing to draw a line between."""
    calls, labels, images = toy_calls(image=10, honest=10)
    found = price.price(calls, labels, pd.Series(images, index=images), CLASSES, 50, seed=1)
    write_json(found, tmp_path / "leakage.json")
    assert found["lr_image"] == 0.5 and "lr_image_low" not in found
    assert (found["lr_gap"], found["lr_gap_low"], found["lr_gap_high"]) == (0, 0, 0)
    bare = {key: value for key, value in found.items() if "gap_" not in key} | {"lr_model": "lr", "cnn_model": "net"}
    bare |= {"note": "", "scheme_honest": "group"}
    assert price.sentences(bare)[0] == "lr: split by image 0.500, honest 0.500, gap +0.000"
    assert price.to_table(bare)["low"].isna().all()
    plots.draw(picture.paint, bare, path=tmp_path / "p.png", size=(7.6, 2.3))
    told = highlights.price(bare)
    assert told["models"][0]["verdict"] == "differs by +0.000 (no interval)"
    assert told["headline"] == "On these images a split by image makes no difference that shows."


def test_resamples_without_a_class_take_no_part():
    """Two of 22 clusters hold class b, half of it wrong when honest: without them both scores would be 1."""
    calls, labels, images = toy_calls(honest=5)
    calls.loc[30, ["lr_honest", "cnn_honest"]] = 1
    clusters = pd.Series(np.r_[[f"a{n}" for n in range(20)], np.repeat(["b1", "b2"], 10)], index=images)
    found = price.price(calls, labels, clusters, CLASSES, 400, seed=1)
    assert (found["few_groups"], found["few_groups_rarest"], found["lr_honest"]) == (1, 1, 0.775)
    assert found["lr_gap_low"] > 0.1  # without them there is no gap


@pytest.mark.parametrize(
    ("change", "scheme", "words"),
    [
        ({"patient": ""}, "contiguous", "stand in for patients"),
        ({"patient": "", "sequence": ""}, "group", "neither patients nor a whole capture order are known"),
    ],
)
def test_sources_without_patients_say_what_stands_in(signed, tmp_path, change, scheme, words):
    shutil.copytree(signed, tmp_path / "data")
    manifest = read_table(signed / "manifest.csv", MANIFEST).assign(**change)
    manifest.to_csv(tmp_path / "data/manifest.csv", index=False)
    alone = pd.DataFrame({"image_id": manifest["image_id"], "group": manifest["image_id"]})
    alone.to_csv(tmp_path / "data/groups.csv", index=False)
    found = measure(job(scheme="image"), tmp_path / "data")
    assert found["scheme_honest"] == scheme and words in found["note"]
    assert np.isfinite(found["lr_gap"])


def test_a_known_capture_order_is_not_called_unknown():
    rows = pd.DataFrame({"patient": ["", ""], "person": ["", ""], "sequence": ["1", "2"]})
    assert note("group", rows, 2).startswith("no patients are known, and the honest split is not by capture order")
    assert note("group", rows.assign(sequence=["1", ""]), 2).startswith("neither patients nor a whole capture order")


def test_some_images_without_a_patient_are_counted():
    rows = pd.DataFrame({"patient": ["a", "", ""], "person": ["", "b", ""]})
    assert note("group", rows, 3).startswith("1 of 3 images name no patient")


def test_neighbours_that_count_as_independent_are_told():
    rows = pd.DataFrame({"patient": ["", ""], "person": ["", ""]})
    assert "too narrow" in note("contiguous", rows, 2)
    assert "too narrow" not in note("contiguous", rows, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_folds": 1}, "n_folds"),
        ({"features": ["toy"]}, "features"),
        ({"cnn": {"builder": "lenet", "px": PX, "early_stopping": 3}}, "validation images"),
        ({"cnn": {"builder": "lenet", "px": PX, "devices": 2}}, "devices must be 1"),
        ({"cnn": {"builder": "lenet", "px": PX, "epoch": 3}}, "epoch"),
    ],
)
def test_params_that_cannot_be(change, message):
    whole = {"n_folds": 2, "features": ["toy", "toy"], "cnn": {"builder": "lenet", "px": PX}, **change}
    with pytest.raises(HemapipeError, match=message):
        check(PriceLeakageParams, whole, "price_leakage")


def test_inputs_that_are_not_there_are_named(signed, tmp_path):
    with pytest.raises(HemapipeError, match=r"48\.npy not found: price_leakage\.cnn\.px"):
        measure(job(px=48), signed)
    shutil.copytree(signed, tmp_path / "data")
    np.save(tmp_path / "data/features/toy.npy", np.zeros((3, 2), np.float32))
    with pytest.raises(HemapipeError, match="has 3 rows, not 160"):
        measure(job(), tmp_path / "data")
    (tmp_path / "data/features/toy.npy").unlink()
    with pytest.raises(HemapipeError, match="is `toy` a row of extract_features"):
        measure(job(), tmp_path / "data")


@pytest.mark.parametrize("possible", [True, False])
def test_the_stage_writes_what_it_declares(signed, tmp_path, monkeypatch, capsys, possible):
    shutil.copytree(signed, tmp_path / "data")
    if not possible:  # one patient has all the images of a class
        manifest = read_table(signed / "manifest.csv", MANIFEST)
        manifest[manifest["patient"].isin(["P00", "P01", "P03"])].to_csv(tmp_path / "data/manifest.csv", index=False)
    compared = job()
    params = {"seed": 7, "threads": 1, "evaluate": {"n_resamples": 100}, "split": compared.split.model_dump(),
              "price_leakage": compared.params.model_dump()}  # fmt: skip
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    train_leakage.main()
    price_leakage.main()
    metrics = json.loads((tmp_path / "metrics/leakage.json").read_text())
    table = pd.read_csv(tmp_path / "plots/leakage.csv")
    assert (tmp_path / "plots/leakage.png").stat().st_size > 1000
    assert all(isinstance(value, int | float | str) for value in metrics.values())
    printed = capsys.readouterr().out
    if possible:
        assert table["model"].tolist() == ["lr, by image", "lr, honest", "cnn, by image", "cnn, honest"]
        assert table["value"].tolist() == [metrics[f"{m}_{a}"] for m in ("lr", "cnn") for a in ("image", "honest")]
        assert "logistic regression on toy: split by image" in printed
    else:
        assert table.empty and metrics["note"].startswith("no honest split is possible: class 'benign'")
        assert "no honest split is possible" in printed
