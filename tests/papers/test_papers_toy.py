"""Papers run for real, as small as they get: all presets, and one that nobody has seen before."""

import json
import re
import shutil

import pytest
import yaml
from papers_toy import SIXTH
from tiny_project import ROOT, make_tiny_project, run, succeed

from hemapipe.papers.presets import load_preset, names
from hemapipe.papers.toy import cut_down

PRESET = """\
# A sixth paper
source: cnmc
both:
  cnn: {lenet: {builder: lenet, px: 64, epochs: 1}}
  classical: {lr: {kind: logistic_regression, features: [handcrafted, handcrafted]}}
  ensemble: {}
published: {split: {scheme: image, n_folds: 1, drop: []}}
honest: {split: {scheme: group}}
reduced: {}
elsewhere: {synthetic: {}}
"""


@pytest.fixture
def project(tmp_path):
    """A tiny checkout with the presets, and nothing computed."""
    make_tiny_project(tmp_path)
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    return tmp_path


def commit(project):
    succeed("git add -A && git -c user.name=t -c user.email=t@t commit -qm presets", project)


def hemapipe(project, words):
    return run(f"python -m hemapipe.cli {words}", project, PYTHONPATH=str(project / "src"))


@pytest.mark.slow
def test_every_paper_runs_by_both_protocols(project):
    shutil.copy(ROOT / "params.yaml", project / "params.yaml")
    commit(project)
    done = hemapipe(project, "papers run --all --toy")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    found = {match[1]: int(match[2]) for match in re.finditer(r"^(\S+)-toy: ok, (\d+) models", done.stdout, re.M)}
    expected = {}
    for name in names(ROOT):
        for protocol in ("published", "honest"):
            overlay = cut_down(ROOT, load_preset(ROOT, name).overlay(protocol, "synthetic", reduced=False), protocol)
            expected[f"{name}-{protocol}"] = len(overlay["cnn"]) + len(overlay["classical"])
    assert found == expected and len(found) >= 10
    assert succeed("git status --porcelain && git for-each-ref refs/exps", project) == "", "a toy leaves nothing behind"


@pytest.mark.slow
def test_a_sixth_paper_is_a_preset_and_an_entry(project):
    (project / "presets/sixth2026.yaml").write_text(PRESET)
    claims = project / "src/hemapipe/papers/claims.yaml"
    entry = yaml.safe_dump({"sixth2026": SIXTH}, sort_keys=False)
    claims.write_text(claims.read_text() + "\n" + re.sub("^", "  ", entry, flags=re.M))
    commit(project)

    assert "sixth2026: cnmc" in hemapipe(project, "papers list").stdout
    done = hemapipe(project, "papers run sixth2026")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert hemapipe(project, "papers table --json rows.json").returncode == 0
    rows = [row for row in json.loads((project / "rows.json").read_text()) if row["paper"] == "sixth2026"]
    ours = {row["split"]: row for row in rows if row["metric"] == "accuracy" and row["run"]}
    assert set(ours) == {"published", "honest"}
    for split, row in ours.items():
        metrics = json.loads((project / f"results/sixth2026-{split}-synthetic/metrics/evaluate/lenet.json").read_text())
        assert (row["claimed"], row["recomputed"]) == (0.9, 0.9) and row["ours"] == metrics["accuracy"]
        assert row["stand_in"] == "synthetic" and "no test of the claim" in row["verdict"]
    experiments = succeed("dvc exp list --name-only", project)
    assert {"sixth2026-published-synthetic", "sixth2026-honest-synthetic"} <= set(experiments.split())
