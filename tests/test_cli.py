"""The command line: quick to answer, words for people, exit codes for machines."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tiny_project import ROOT, run

HEMAPIPE = [sys.executable, "-m", "hemapipe.cli"]


def hemapipe(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run([*HEMAPIPE, *words], cwd=cwd, capture_output=True, text=True)


def test_help_lists_the_commands_without_loading_the_heavy_libraries():
    done = hemapipe("--help")
    assert done.returncode == 0
    for command in ("doctor", "prune", "verify", "demo-real", "pr-comment"):
        assert f"\n  {command} " in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, hemapipe.cli; print(*sys.modules)"], capture_output=True, text=True
    ).stdout.split()
    assert not {"torch", "numpy", "pandas", "dvc", "pydantic", "sklearn"} & set(loaded)


@pytest.mark.parametrize("command", ["doctor", "prune", "verify", "demo-real", "pr-comment"])
def test_each_command_explains_itself(command):
    done = hemapipe(command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_errors_are_sentences(tmp_path):
    done = hemapipe("prune", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("hemapipe: no dvc.yaml here or above")
    assert "Traceback" not in done.stderr
    done = hemapipe("demo-real", str(tmp_path / "absent.zip"))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "absent.zip not found" in done.stderr
    assert hemapipe("no-such-command").returncode == 2


def test_commands_work_from_a_folder_inside_the_checkout(tmp_path):
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  train:\n    foreach: ${cnn}\n    do: {cmd: x, outs: ['models/${key}']}\n"
    )
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["cnn"] = {"a": params["cnn"]["lenet"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    for name in ("models/a", "models/b", "inside"):
        (tmp_path / name).mkdir(parents=True)
    assert hemapipe("prune", "--dry-run", cwd=tmp_path / "inside").stdout == "would remove models/b\n"
    assert hemapipe("prune", cwd=tmp_path / "inside").stdout == "removed models/b\n"
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["a"]


def test_verify_exits_by_what_it_finds(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "params.yaml").touch()
    metrics = tmp_path / "metrics/split.json"
    metrics.write_text('{"n_leaks": 0}')
    run("git init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm t", tmp_path)
    assert hemapipe("verify", cwd=tmp_path).stdout.startswith("identical")
    metrics.write_text('{"n_leaks": 3}')
    done = hemapipe("verify", cwd=tmp_path)
    assert done.returncode == 1
    assert "BEYOND" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cnn: [a\n", "params.yaml is not valid YAML"),
        (None, "unknown key 'n_fold'; did you mean 'n_folds'?"),
    ],
)
def test_prune_refuses_params_that_nothing_reads(tmp_path, text, message):
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    default = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text or default.replace("  n_folds: 3 ", "  n_fold: 3 ", 1))
    done = hemapipe("prune", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("hemapipe: params.yaml")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_prune_costs_little(tmp_path):
    """A part of every `make repro`: measured 0.25 s (params that passed are not checked again); the bound is loose."""
    hemapipe("prune", "--dry-run")
    started = time.monotonic()
    assert hemapipe("prune", "--dry-run").returncode == 0
    assert time.monotonic() - started < 2
