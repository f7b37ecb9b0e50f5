"""The three last stages on a made-up run, and the page they end in: whole, self-contained, equal each time."""

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
from finished_run import MODELS, run_stages, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json
from stages import compare, report


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder after evaluate, compare and report."""
    root = tmp_path_factory.mktemp("run")
    write_inputs(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run_stages()
    return root


@pytest.fixture
def copy(finished, tmp_path, monkeypatch):
    """A copy of the finished run to change, as the current folder."""
    root = shutil.copytree(finished, tmp_path / "copy")
    monkeypatch.chdir(root)
    return root


def page(root) -> str:
    return (root / "report/index.html").read_text("utf-8")


def test_outputs(finished):
    found = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    assert {"metrics/compare.json", "metrics/environment.json", "report/index.html", "report/measured_here.js"} <= found
    assert {f"plots/evaluate/lr/{name}.{kind}" for name in ("confusion", "roc") for kind in ("csv", "png")} <= found
    assert {"plots/compare/leaderboard.csv", "plots/compare/leaderboard.png"} <= found
    assert {name for name in found if "learning_curves" in name} == {"plots/compare/learning_curves/lenet.png"}
    assert json.loads((finished / "metrics/compare.json").read_text())["best_model"] == "lr"


def test_metrics_are_flat_and_finite(finished):
    for model in MODELS:
        values = json.loads((finished / f"metrics/evaluate/{model}.json").read_text())
        assert all(isinstance(value, int | float) for value in values.values())
        assert values["n_test"] == 60


def test_the_page_needs_nothing_else(finished):
    text = page(finished)
    assert not re.search(r"(src|href)=\"(?!data:image/png|#|measured_here\.js\")", text)
    assert "http://" not in text and "https://" not in text and "@import" not in text
    assert text.count("data:image/png;base64,") == 4 * 3 + 1 + 1


def test_the_page_tells_the_run(finished):
    text = page(finished)
    for model in MODELS:
        values = json.loads((finished / f"metrics/evaluate/{model}.json").read_text())
        assert f'id="model-{model}"' in text
        assert f"<strong>{values['balanced_accuracy']:.3f}</strong>" in text
        assert f"{values['balanced_accuracy_low']:.3f} to {values['balanced_accuracy_high']:.3f}" in text
    assert "Research use only" in text
    assert "patients in two classes: &lt;P07&gt;" in text  # escaped
    assert "No patient and no exact repeat is shared with training." in text
    assert "61.7\u202fk" in text and "n_resamples: 50" in text
    ranks = [text.index(f'href="#model-{name}"') for name in ("lr", "knn", "lenet")]
    assert ranks == sorted(ranks)


def test_equal_results_give_an_equal_page_whatever_the_times(copy):
    before = page(copy)
    times = {"stage": "train_cnn", "name": "lenet", "seconds": 61.2, "seconds_per_epoch": 3.21}
    write_json(times, "data/timing/train_cnn-lenet.json")
    compare.main()
    report.main()
    assert page(copy) == before
    script = (copy / "report/measured_here.js").read_text()
    assert json.loads(script.removeprefix("window.measuredHere = ").rstrip(";\n")) == [times]


def test_without_times_the_page_says_so(finished):
    assert "not measured on this machine" in page(finished)
    assert (finished / "report/measured_here.js").read_text() == "window.measuredHere = [];\n"


def test_a_leak_is_said_at_the_top(copy):
    split = json.loads((copy / "metrics/split.json").read_text()) | {"leak_patients": 17}
    write_json(split, "metrics/split.json")
    report.main()
    assert "17 test samples share their patient with training or validation" in page(copy)
    assert "Some of them leak into training" in page(copy)
    assert "No patient and no exact repeat" not in page(copy)


def test_a_source_without_patients_is_not_called_patient_safe(copy):
    write_json(json.loads((copy / "metrics/catalog.json").read_text()) | {"n_patients": 0}, "metrics/catalog.json")
    report.main()
    assert "the source names no patients" in page(copy)


def test_one_fold_and_an_undefined_metric(copy):
    path = copy / "metrics/evaluate/lr.json"
    values = {name: value for name, value in json.loads(path.read_text()).items() if not name.endswith("_sd")}
    path.write_text(json.dumps({name: value for name, value in values.items() if not name.startswith("kappa")}))
    compare.main()
    report.main()
    assert 'id="model-lr"' in page(copy)


def test_an_unlisted_model_does_not_count(copy):
    (copy / "metrics/evaluate/stale.json").write_text(json.dumps({"balanced_accuracy": 1.0}))
    compare.main()
    assert "stale" not in set(pd.read_csv("plots/compare/leaderboard.csv")["model"])


def test_a_listed_model_without_metrics_stops_the_stage(copy):
    (copy / "metrics/train/knn.json").unlink()
    with pytest.raises(HemapipeError, match=r"metrics/train lacks knn"):
        compare.main()


def test_the_page_works_in_a_browser(copy):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no browser on this machine: install Debian's chromium to run it")
    times = {
        "stage": "train_cnn",
        "name": "lenet",
        "seconds": 61.2,
        "seconds_per_epoch": 3.21,
        "images_per_second": 312.4,
    }
    write_json(times, "data/timing/train_cnn-lenet.json")
    report.main()
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"file://{copy}/report/index.html",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert re.search(r'data-model="lenet" data-field="seconds_per_epoch">3\.21<', shown)
    assert re.search(r'data-model="lenet" data-field="images_per_second">312<', shown)
    assert "<td>train_cnn lenet</td><td>61.2</td>" in shown
