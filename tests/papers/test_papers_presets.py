"""The presets of the papers: sound in every combination, and clear about what they are not for."""

import shutil
import zipfile
from itertools import product

import pytest
import yaml
from tiny_project import ROOT

from hemapipe.admin.overlay import laid_over
from hemapipe.admin.settings import check_params
from hemapipe.core.errors import HemapipeError
from hemapipe.papers.claims import load_claims
from hemapipe.papers.presets import load_preset, names
from hemapipe.papers.reproduce import Request
from hemapipe.papers.reproduce import plan as planned
from hemapipe.papers.toy import cut_down

DEFAULT = yaml.safe_load((ROOT / "params.yaml").read_text())
PROTOCOLS = ("published", "honest")
#: Each adds a file to the generated ones.
FAULTS = ("exact_repeats", "near_repeats", "conflicts", "truncated", "unreadable")


def plan(root, request):
    return planned(root, request).recipe


@pytest.fixture
def project(tmp_path):
    """A checkout as far as presets are concerned."""
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    return tmp_path


def assert_sound(params: dict, folder) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    check_params(folder / "params.yaml")


@pytest.mark.parametrize("name", names(ROOT))
def test_every_combination_is_sound(name, tmp_path):
    preset = load_preset(ROOT, name)
    sources, variants = [preset.source, *preset.elsewhere], ["", *preset.variants]
    for protocol, source, reduced, variant in product(PROTOCOLS, sources, [False, True], variants):
        params = laid_over(preset.overlay(protocol, source, reduced, variant), DEFAULT)
        assert_sound(params, tmp_path)
        assert (params["split"]["scheme"] == "image") == (protocol == "published")
        assert params["cnn"] and params["train_cnn"]["keep_weights"] == "none"


@pytest.mark.parametrize("name", names(ROOT))
def test_honest_is_honest(name):
    """Nothing that images may share reaches both sides: no variant, pixels, field, patient or moment of capture."""
    preset = load_preset(ROOT, name)
    for source, reduced, variant in product([preset.source, *preset.elsewhere], [False, True], ["", *preset.variants]):
        params = laid_over(preset.overlay("honest", source, reduced, variant), DEFAULT)
        assert not params["augment"]["before_split"]
        assert {"duplicate", "conflict", "truncated"} <= set(params["split"]["drop"])
        assert {"repeat", "near"} <= set(params["group"]["by"])
        if source == "taleqani":  # nobody knows its patients
            assert params["split"]["scheme"] == "contiguous" and params["split"]["embargo"] >= 37
        else:
            assert params["split"]["scheme"] == "group" and "patient" in params["group"]["by"]


@pytest.mark.parametrize("name", names(ROOT))
def test_the_rows_of_the_claims_are_rows_of_the_preset(name):
    preset, paper = load_preset(ROOT, name), load_claims()[name]
    full, reduced = (
        {row for table in ("cnn", "classical") for row in preset.overlay("published", preset.source, small)[table]}
        for small in (False, True)
    )
    assert {row for wanted in paper.rows.values() for row in wanted} <= full
    assert reduced <= full


@pytest.mark.parametrize("name", names(ROOT))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_toy_is_small_and_keeps_models_and_protocol(name, protocol, tmp_path):
    whole = load_preset(ROOT, name).overlay(protocol, "synthetic", reduced=False)
    toy = laid_over(cut_down(ROOT, whole, protocol), DEFAULT)
    assert_sound(toy, tmp_path)
    made = toy["download"]["synthetic"]
    assert made["n_images"] + sum(made[f"n_{fault}"] for fault in FAULTS) <= 120
    assert toy["split"]["n_folds"] == 2 and toy["split"]["scheme"] == whole["split"]["scheme"]
    for row, network in toy["cnn"].items():
        assert (network["builder"], network["epochs"]) == (whole["cnn"][row]["builder"], 1) and network["px"] <= 96
    assert toy["cnn"] and toy["classical"] and not toy["ensemble"]


@pytest.mark.parametrize("name", names(ROOT))
def test_the_two_toys_of_a_paper_run_each_of_its_models(name):
    whole = load_preset(ROOT, name).overlay("honest", "synthetic", reduced=False)
    published, honest = (cut_down(ROOT, whole, protocol) for protocol in PROTOCOLS)
    for table in ("cnn", "classical"):
        assert {*published[table], *honest[table]} == set(whole[table])
        assert len(whole[table]) == 1 or not set(published[table]) & set(honest[table])


def test_a_variant_is_a_run_of_its_own(project):
    preset = load_preset(project, "anand2025")
    recipe = plan(project, Request("anand2025", "published", reduced=True, variant="per_class_1000"))
    assert recipe.run == "anand2025-per_class_1000-published-synthetic-reduced"
    assert recipe.facts["variant"] == "per_class_1000"
    overlay = preset.overlay("published", "taleqani", reduced=True, variant="per_class_1000")
    assert set(overlay["cnn"]) == {"anand"} and overlay["cnn"]["anand"]["px"] == 64
    assert overlay["augment"] == {**preset.published["augment"], "to": 1000}
    assert set(preset.overlay("published", "taleqani", False, "depth")["cnn"]) == {"conv10", "conv16"}
    with pytest.raises(HemapipeError, match="no variant 'deph'; did you mean 'depth'"):
        preset.overlay("published", "taleqani", False, "deph")


def test_some_networks_alone_run_without_ensembles(project):
    recipe = plan(project, Request("anand2025", "honest", only=("anand",)))
    assert recipe.run == "anand2025-honest-synthetic"
    assert "+ensemble={}" in recipe.overrides
    (rows,) = [word for word in recipe.overrides if word.startswith("+cnn=")]
    assert rows.startswith("+cnn={anand: ") and "yolov8" not in rows
    with pytest.raises(HemapipeError, match="no network 'annand'; did you mean 'anand'"):
        plan(project, Request("anand2025", "honest", only=("annand",)))


def test_tables_are_replaced_and_sections_filled_up():
    lower = {"cnn": {"a": {"px": 64}}, "split": {"scheme": "image", "n_folds": 1}}
    upper = {"cnn": {"b": {"px": 32}}, "split": {"n_folds": 5}}
    assert laid_over(upper, lower) == {"cnn": {"b": {"px": 32}}, "split": {"scheme": "image", "n_folds": 5}}
    assert lower["split"]["n_folds"] == 1


def test_a_run_is_called_after_paper_protocol_stand_in_and_size(project):
    recipe = plan(project, Request("yaseen2025", "honest", reduced=True))
    assert recipe.run == "yaseen2025-honest-synthetic-reduced" and recipe.keep
    assert recipe.facts == {"paper": "yaseen2025", "split": "honest", "reduced": True, "stand_in": "synthetic"}


@pytest.mark.parametrize(("n_images", "stand_in"), [(3256, ""), (40, "t")])
def test_the_papers_own_archive_is_no_stand_in_but_a_part_of_it_is(project, tmp_path, n_images, stand_in):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for number in range(n_images):
            archive.writestr(f"Original/Benign/WBC-Benign-{number:04}.jpg", b"x")
    recipe = plan(project, Request("yaseen2025", "published", archive=tmp_path / "t.zip"))
    assert recipe.run == "-".join(filter(None, ["yaseen2025-published", stand_in]))
    assert recipe.facts["stand_in"] == stand_in
    assert 'download.source="taleqani"' in recipe.overrides


def test_an_archive_the_preset_is_not_for_is_refused(project, tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("fold_0/all/UID_11_10_1_all.bmp", b"x")
    with pytest.raises(HemapipeError, match="presets for taleqani, synthetic, and this archive is read as cnmc"):
        plan(project, Request("yaseen2025", "published", archive=tmp_path / "c.zip"))
    with pytest.raises(HemapipeError, match="not found"):
        plan(project, Request("yaseen2025", "published", archive=tmp_path / "nowhere.zip"))


def test_unknown_names_and_keys_are_named(project):
    with pytest.raises(HemapipeError, match="no preset 'yaseen205'; did you mean 'yaseen2025'"):
        load_preset(project, "yaseen205")
    text = (project / "presets/yaseen2025.yaml").read_text()
    (project / "presets/yaseen2025.yaml").write_text(text.replace("reduced:", "reducd:", 1))
    with pytest.raises(HemapipeError, match="reducd"):
        load_preset(project, "yaseen2025")


def test_a_further_paper_is_one_preset(project):
    shutil.copy(project / "presets/yaseen2025.yaml", project / "presets/nobody2026.yaml")
    assert "nobody2026" in names(project)
    assert plan(project, Request("nobody2026", "honest")).run == "nobody2026-honest-synthetic"
