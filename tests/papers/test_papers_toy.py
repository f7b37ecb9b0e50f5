"""Every paper, by both protocols, through every stage: cut down until it takes a minute."""

import re
import shutil

import pytest
from tiny_project import ROOT, make_tiny_project, run

from hemapipe.papers.presets import load_preset, names


@pytest.fixture
def project(tmp_path):
    """A checkout with the real params.yaml and presets, and nothing computed."""
    make_tiny_project(tmp_path)
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    done = run("git add -A && git -c user.name=t -c user.email=t@t commit -qm presets", tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.mark.slow
def test_every_paper_runs_by_both_protocols(project):
    done = run("python -m hemapipe.cli papers run --all --toy", project, PYTHONPATH=str(project / "src"))
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stderr[-4000:]
    found = {match[1]: int(match[2]) for match in re.finditer(r"^(\S+)-toy: ok, (\d+) models", done.stdout, re.M)}
    expected = {}
    for name in names(ROOT):
        for protocol in ("published", "honest"):
            overlay = load_preset(ROOT, name).overlay(protocol, "synthetic", reduced=False)
            expected[f"{name}-{protocol}"] = sum(len(overlay[table]) for table in ("cnn", "classical", "ensemble"))
    assert found == expected and len(found) >= 10
    kept = run("git status --porcelain && git for-each-ref refs/exps", project)
    assert kept.stdout == "", "a toy run leaves nothing behind"
