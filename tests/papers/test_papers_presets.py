"""The presets of the papers: sound in every combination, and clear about what they are not for."""

import shutil
import zipfile
from itertools import product

import pytest
import yaml
from tiny_project import ROOT

from hemapipe.admin.overlay import TABLES
from hemapipe.admin.settings import check_params
from hemapipe.core.errors import HemapipeError
from hemapipe.papers.claims import load_claims
from hemapipe.papers.presets import load_preset, merged, names
from hemapipe.papers.reproduce import plan

PROTOCOLS = ("published", "honest")


@pytest.fixture
def project(tmp_path):
    """A checkout as far as presets are concerned."""
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    return tmp_path


def laid_over(overlay: dict) -> dict:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in overlay.items():
        params[key] = value if key in TABLES or not isinstance(params[key], dict) else params[key] | value
    return params


@pytest.mark.parametrize("name", names(ROOT))
def test_every_combination_is_sound(name, tmp_path):
    preset = load_preset(ROOT, name)
    for protocol, source, reduced in product(PROTOCOLS, [preset.source, *preset.elsewhere], [False, True]):
        params = laid_over(preset.overlay(protocol, source, reduced))
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        check_params(tmp_path / "params.yaml")
        assert (params["split"]["scheme"] == "image") == (protocol == "published")


@pytest.mark.parametrize("name", names(ROOT))
def test_the_rows_of_the_claims_are_rows_of_the_preset(name):
    preset, paper = load_preset(ROOT, name), load_claims()[name]
    full, reduced = (
        {row for table in ("cnn", "classical") for row in preset.overlay("published", preset.source, small)[table]}
        for small in (False, True)
    )
    assert {row for wanted in paper.rows.values() for row in wanted} <= full
    assert reduced <= full


def test_tables_are_replaced_and_sections_filled_up():
    lower = {"cnn": {"a": {"px": 64}}, "split": {"scheme": "image", "n_folds": 1}}
    upper = {"cnn": {"b": {"px": 32}}, "split": {"n_folds": 5}}
    assert merged(lower, upper) == {"cnn": {"b": {"px": 32}}, "split": {"scheme": "image", "n_folds": 5}}
    assert lower["split"]["n_folds"] == 1


def test_a_run_is_called_after_paper_protocol_stand_in_and_size(project):
    recipe = plan(project, "yaseen2025", "honest", True, None, "")
    assert recipe.run == "yaseen2025-honest-synthetic-reduced" and recipe.keep
    assert recipe.facts == {"paper": "yaseen2025", "split": "honest", "reduced": True, "stand_in": "synthetic"}


def test_the_papers_own_archive_is_no_stand_in(project, tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("Original/Benign/WBC-Benign-001.jpg", b"x")
    recipe = plan(project, "yaseen2025", "published", False, tmp_path / "t.zip", "")
    assert recipe.run == "yaseen2025-published" and not recipe.facts["stand_in"]
    assert 'download.source="taleqani"' in recipe.overrides


def test_an_archive_the_preset_is_not_for_is_refused(project, tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("fold_0/all/UID_11_10_1_all.bmp", b"x")
    with pytest.raises(HemapipeError, match="is for taleqani, synthetic, and this archive is read as cnmc"):
        plan(project, "yaseen2025", "published", False, tmp_path / "c.zip", "")
    with pytest.raises(HemapipeError, match="not found"):
        plan(project, "yaseen2025", "published", False, tmp_path / "nowhere.zip", "")


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
    assert plan(project, "nobody2026", "honest", False, None, "").run == "nobody2026-honest-synthetic"
