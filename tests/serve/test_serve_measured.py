"""What the page claims of the scores: only what the run's figures bear out."""

import json
from pathlib import Path

import numpy as np
import pytest
from fake_run import FakeRun, FakeVerdict

from hemapipe.core.errors import HemapipeError
from hemapipe.serve import measured, view
from hemapipe.serve.protocol import Protocol, protocol_of

ROOT = Path(__file__).resolve().parents[2]


def facts_of(run):
    folder = ROOT / "results" / run / "metrics"
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in ("split", "catalog", "augment")}


def run_of(facts):
    run = FakeRun()
    run.facts = facts
    return run


@pytest.mark.parametrize(
    ("run", "scheme", "told"),
    [
        ("taleqani-image", "image", "over 5 folds, split by image. No image names a patient: models may have seen"),
        ("taleqani-contiguous", "contiguous", "other stretches of time than the training images"),
        ("taleqani-holdout", "image", "Measured once, on a single split"),
        ("deepapl-image", "image", "5006 test samples share their patient with training or validation"),
        ("anand2025-published-reduced", "image", "888 test samples share their group"),
        ("talupuri2025-published-cnmc_subset-reduced", "image", "586 test samples share their patient"),
        ("rezayi2021-published-cnmc_subset-reduced", "image", "122 test samples share their patient"),
        ("cnmc-preliminary", "official", "No model had seen a patient it was tested on."),
        ("cnmc-group", "group", "No model had seen a patient it was tested on."),
    ],
)
def test_each_protocol_is_told_as_it_is(client_with, run, scheme, told):
    facts = facts_of(run)
    said = measured.told(facts, scheme)
    assert (told in said and not said.startswith("Cross-validated")) or facts["split"]["n_folds"] > 1
    unseen = "never seen" if run in {"cnmc-preliminary", "cnmc-group"} else "right on test images"
    page = client_with(run_of(facts)).get("/").text
    assert unseen in page and (unseen.startswith("never") or "never seen" not in page)
    assert "every image was judged" not in page


def test_one_fold_does_not_judge_every_image():
    said = measured.told(facts_of("cnmc-preliminary"))
    split = facts_of("cnmc-preliminary")["split"]
    assert f"{split['n_test']} of {split['n_eligible']} images of 58 patients were tested, the others never" in said


def test_the_largest_leak_is_told_and_never_a_sum():
    split = {"n_folds": 2, "leak_patients": 5, "leak_groups": 7, "leak_repeats": 2}
    assert measured.largest_leak({"split": split}) == (7, "their group")
    assert measured.largest_leak({"split": split | {"leak_patients": 7}}) == (7, "their patient")
    assert measured.largest_leak({"split": split, "augment": {"leak_siblings": 9}}) == (9, "their original image")
    assert measured.told({}) == "" and measured.largest_leak({}) == (0, "")


def test_images_without_a_patient_are_a_doubt():
    facts = {"split": {"n_folds": 2, "leak_patients": 0, "n_without_patient": 4}, "catalog": {"n_patients": 9}}
    assert "4 images name no patient" in measured.told(facts) and not measured.unseen_patients(facts)
    del facts["split"]["n_without_patient"]
    assert "not recorded" in measured.told(facts) and not measured.unseen_patients(facts)


def test_the_api_tells_it_too(client):
    assert client.get("/v1/models").json()["how"].endswith("No model had seen a patient it was tested on.")


def test_a_patient_is_uncertain_by_the_runs_own_limits(tmp_path, client):
    assert protocol_of(tmp_path) == Protocol()
    path = tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text()
    assert "few_images: 5" in text and "low_margin: 0.2" in text
    path.write_text(text.replace("few_images: 5", "few_images: 2").replace("low_margin: 0.2", "low_margin: 0.05"))
    found = protocol_of(tmp_path)
    assert (found.few_images, found.low_margin) == (2, 0.05) and found.scheme
    run = FakeRun()
    verdict = FakeVerdict("P", 3, 3, "benign", np.array([0.4, 0.3, 0.2, 0.1]), "", 1.0)
    assert view.patient(run, verdict, Protocol())["doubts"] == "few images, two classes are near"
    assert view.patient(run, verdict, found)["doubts"] == ""
    path.write_text("seed: [")
    with pytest.raises(HemapipeError, match="not valid YAML"):
        protocol_of(tmp_path)
