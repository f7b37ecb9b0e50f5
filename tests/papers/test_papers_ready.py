"""What would fail after hours is refused before a run begins."""

import shutil
import zipfile

import pytest
from tiny_project import ROOT

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import read_params
from hemapipe.papers.presets import load_preset
from hemapipe.papers.ready import require_machine, require_no_fuller_results, require_sound
from hemapipe.papers.reproduce import Request
from hemapipe.papers.reproduce import plan as planned


def plan(root, request):
    return planned(root, request).recipe


@pytest.fixture
def project(tmp_path):
    """A checkout as far as presets are concerned."""
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    return tmp_path


@pytest.fixture
def cells(tmp_path):
    """A zip in the layout of nobody in particular."""
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        archive.writestr("images/p1/blast/1.jpg", b"x")
    return tmp_path / "cells.zip"


def test_every_slip_in_a_preset_is_named(project):
    path = project / "presets/rezayi2021.yaml"
    path.write_text(path.read_text().replace("{builder: rezayi, px: 70}", "{builder: rezay, px: 71, lrr: 3}"))
    with pytest.raises(HemapipeError, match="unknown key 'lrr'"):
        plan(project, Request("rezayi2021", "published"))
    path.write_text(path.read_text().replace(", lrr: 3", ""))
    with pytest.raises(HemapipeError, match=r"px is 71[^$]*no network builder 'rezay'; did you mean 'rezayi'"):
        plan(project, Request("rezayi2021", "published"))


def test_params_with_the_overlay_are_returned(project):
    overlay = load_preset(project, "yaseen2025").overlay("honest", "taleqani", reduced=True)
    params = require_sound(project, overlay)
    assert params["split"]["scheme"] == "contiguous" and params["split"]["test_frac"] == 0.2
    assert params["evaluate"] == read_params(project / "params.yaml")["evaluate"]


def test_half_precision_without_a_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    row = {"builder": "lenet", "px": 64, "precision": "16"}
    with pytest.raises(HemapipeError, match="net is trained in precision 16, which needs a GPU, or --reduced"):
        require_machine({"train_cnn": {}, "cnn": {"net": row}})
    require_machine({"train_cnn": {}, "cnn": {"net": {**row, "precision": "bf16"}}})


def test_weights_that_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    row = {"builder": "timm", "arch": "lcnet_050", "px": 64, "weights": "hub"}
    with pytest.raises(HemapipeError, match="lcnet_050"):
        require_machine({"train_cnn": {}, "cnn": {"net": row}})


def test_some_networks_do_not_replace_the_results_of_more(tmp_path):
    curves = tmp_path / "anand2025-honest/plots/train"
    curves.mkdir(parents=True)
    for row in ("anand", "yolov8"):
        (curves / f"{row}.csv").touch()
    require_no_fuller_results(tmp_path / "anand2025-honest", ("anand",))  # of no finished run
    (tmp_path / "anand2025-honest/run.json").write_text("{}")
    with pytest.raises(HemapipeError, match="results/anand2025-honest has yolov8 too"):
        require_no_fuller_results(tmp_path / "anand2025-honest", ("anand",))
    require_no_fuller_results(tmp_path / "anand2025-honest", ("anand", "yolov8"))
    require_no_fuller_results(tmp_path / "anand2025-honest", ())


def test_an_honest_run_needs_patients(project, cells):
    nameless = "images/{x}/{label}/{name}".replace("{x}", "*")
    with pytest.raises(HemapipeError, match="keeps patients whole, and the pattern"):
        plan(project, Request("rezayi2021", "honest", archive=cells, pattern=nameless))
    found = plan(project, Request("rezayi2021", "honest", archive=cells, pattern="images/{patient}/{label}/{name}"))
    assert found.run == "rezayi2021-honest-cells"
    assert plan(project, Request("rezayi2021", "published", archive=cells, pattern=nameless)).run


def test_patterns_that_mean_nothing(project, tmp_path):
    with pytest.raises(HemapipeError, match="name that too"):
        plan(project, Request("rezayi2021", "honest", pattern="{patient}/{name}"))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("fold_0/all/UID_11_10_1_all.bmp", b"x")
    with pytest.raises(HemapipeError, match=r"c\.zip has the layout of cnmc, which needs no --pattern"):
        plan(project, Request("rezayi2021", "honest", archive=tmp_path / "c.zip", pattern="{patient}/{name}"))
