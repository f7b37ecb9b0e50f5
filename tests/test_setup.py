"""Set-up as a fresh machine sees it: pins, Makefile, CI entry, and the files that go with a project."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from tiny_project import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s*]+)$")
REQUIREMENTS = ("requirements.txt", "requirements-serve.txt", "requirements-gpu.txt", "constraints.txt")
#: Named on the user's card; two come as a variant of the same module.
CARD = {
    "dvc": "dvc", "torch": "torch", "torchvision": "torchvision", "scikit-learn": "scikit-learn", "pyyaml": "pyyaml",
    "pandas": "pandas", "opencv-python": "opencv-python-headless", "matplotlib": "matplotlib", "xgboost": "xgboost-cpu",
}  # fmt: skip


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def own_pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    matches = [PIN.match(line) for line in lines if line and not line.startswith(("#", "-"))]
    assert all(matches), f"{file}: every line is name==exact.version"
    return {normal(match["name"]): match["version"] for match in matches}


def pins(file: str) -> dict[str, str]:
    """The pins of a file and of those it includes."""
    included = re.findall(r"^-r (\S+)$", (ROOT / file).read_text(), re.MULTILINE)
    return {name: version for one in included for name, version in pins(one).items()} | own_pins(file)


def test_every_requirement_is_pinned_once():
    direct, indirect = pins("requirements.txt"), pins("constraints.txt")
    assert not direct.keys() & indirect.keys()
    assert not own_pins("requirements.txt").keys() & pins("requirements-serve.txt").keys()
    for file in ("requirements.txt", "requirements-serve.txt"):
        assert "-c constraints.txt" in (ROOT / file).read_text().splitlines()
    assert pins("requirements-gpu.txt").keys() == {"xgboost"}


def test_the_card_is_met_and_substitutions_explained():
    direct = pins("requirements.txt")
    files = [ROOT / name for name in ("requirements.txt", "requirements-serve.txt")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    for asked, named in CARD.items():
        assert named in direct
        if asked != named:
            (position,) = [number for number, line in enumerate(lines) if line.startswith(f"{named}==")]
            assert lines[position - 1].startswith(f"# {named} for {asked}:")
    assert pins("requirements-gpu.txt")["xgboost"] == direct["xgboost-cpu"]


def test_all_that_the_requirements_bring_is_pinned():
    from packaging.requirements import Requirement

    known = pins("requirements.txt") | pins("constraints.txt")
    seen, queue = set(), [(name, frozenset()) for name in pins("requirements.txt")]
    while queue:
        name, extras = queue.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            applies = needed.marker is None or any(needed.marker.evaluate(extra) for extra in wanted)
            if applies and not normal(needed.name).startswith(("nvidia-", "cuda-", "triton")):  # torch pins its own
                queue.append((normal(needed.name), frozenset(needed.extras)))
    assert sorted({name for name, _ in seen} - known.keys()) == []


def test_nothing_names_a_registry():
    for file in ("Makefile", *REQUIREMENTS, ".ci/run"):
        text = (ROOT / file).read_text()
        assert not re.search(r"https?://(?!127\.0\.0\.1)|--(extra-)?index-url|--find-links", text), file


@pytest.fixture
def fresh(tmp_path) -> tuple[Path, Path]:
    """A checkout of the set-up files, and a folder of stand-in pythons that note what is asked of them."""
    checkout, tools = tmp_path / "a checkout", tmp_path / "tools"
    checkout.mkdir()
    tools.mkdir()
    for name in ("Makefile", *REQUIREMENTS, "pyproject.toml"):
        shutil.copy(ROOT / name, checkout / name)
    for tool in ("bash", "sh", "touch", "rm", "mkdir", "cp", "awk", "env"):
        (tools / tool).symlink_to(shutil.which(tool))
    return checkout, tools


def add_python(tools: Path, name: str, is_311: bool) -> None:
    (tools / name).write_text(
        "#!/bin/sh\n"
        f'case "$1" in -c) exit {0 if is_311 else 1};; --version) echo Python 3.11.9; exit;; esac\n'
        f'echo "{name} $*" >> {tools}/log\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    (tools / name).chmod(0o755)


def make(fresh: tuple[Path, Path], *words: str) -> subprocess.CompletedProcess:
    checkout, tools = fresh
    program = shutil.which("make")
    return subprocess.run([program, *words], cwd=checkout, env={"PATH": str(tools)}, capture_output=True, text=True)


def log(fresh: tuple[Path, Path]) -> list[str]:
    return [line.partition(" ")[2] for line in (fresh[1] / "log").read_text().splitlines()]


def test_setup_takes_the_first_python_that_is_3_11(fresh):
    add_python(fresh[1], "python3.11", is_311=False)
    add_python(fresh[1], "python3", is_311=True)
    done = make(fresh, "setup")
    assert done.returncode == 0, done.stderr
    assert log(fresh) == [
        "-m venv .venv",
        "-m pip install --quiet --requirement requirements.txt",
        "-m pip install --quiet --no-deps --editable .",
    ]


def test_setup_again_does_nothing_until_a_pin_changes(fresh):
    add_python(fresh[1], "python3", is_311=True)
    make(fresh, "setup")
    first = len(log(fresh))
    make(fresh, "setup")
    assert len(log(fresh)) == first
    later = (fresh[0] / ".venv/.ready").stat().st_mtime + 10
    os.utime(fresh[0] / "constraints.txt", (later, later))
    make(fresh, "setup")
    assert len(log(fresh)) == first + 2  # installs again into the same environment


def test_a_gpu_machine_gets_its_own_xgboost(fresh):
    add_python(fresh[1], "python3", is_311=True)
    assert make(fresh, "setup", "GPU=1").returncode == 0
    assert log(fresh)[-2:] == [
        "-m pip uninstall --quiet --yes xgboost-cpu",
        "-m pip install --quiet --no-deps --requirement requirements-gpu.txt",
    ]


def test_without_python_3_11_setup_says_so(fresh):
    add_python(fresh[1], "python3", is_311=False)
    done = make(fresh, "setup")
    assert done.returncode != 0
    assert "needs Python 3.11" in done.stderr
    assert not (fresh[0] / ".venv").exists()


def test_a_failed_installation_is_tried_again(fresh):
    add_python(fresh[1], "python3", is_311=True)
    python = fresh[1] / "python3"
    python.write_text(python.read_text() + 'if [ "$2" = pip ]; then exit 1; fi\n')
    assert make(fresh, "setup").returncode != 0
    assert not (fresh[0] / ".venv/.ready").exists()


def test_help_lists_every_target():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert [line.split()[1] for line in listed.splitlines()] == phony


def test_targets_that_ci_and_the_docs_use_exist():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    files = [ROOT / ".ci/run", *ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/*.md"), *ROOT.glob("*.md")]
    used = {
        word
        for file in files
        for word in re.findall(r"(?:`|^\s*|run: |\$ )make ([a-z-]+)", file.read_text(), re.MULTILINE)
    }
    assert {"lint", "test", "setup", "repro", "verify"} <= used
    assert used <= set(phony)


def test_demo_real_asks_for_its_archive():
    done = subprocess.run(["make", "-n", "demo-real"], cwd=ROOT, capture_output=True, text=True)
    assert "Say which archive" in done.stdout


def test_demo_real_hands_on_what_it_is_given():
    words = ["ARCHIVE=my list.csv", "NAME=mine", "ONLY=patient", "PATTERN={label}/{name}"]
    done = subprocess.run(["make", "-n", "demo-real", *words], cwd=ROOT, capture_output=True, text=True)
    said = " ".join(done.stdout.replace("\\\n", " ").split())
    assert "hemapipe demo-real \"my list.csv\" --pattern '{label}/{name}' --name 'mine' --only 'patient'" in said


def test_what_dvc_plots_draws_is_not_for_git():
    ignored = subprocess.run(["git", "check-ignore", "dvc_plots/index.html"], cwd=ROOT, capture_output=True, text=True)
    assert ignored.stdout == "dvc_plots/index.html\n"


def test_ci_is_strict_and_executable():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in script.read_text()
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def test_licence_and_citation():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) 2026 hemapipe authors\n")
    check = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    assert subprocess.run([*check, ROOT / "CITATION.cff"], capture_output=True).returncode == 0
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == metadata.version("hemapipe")


def test_pre_commit_hooks_call_what_is_installed():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["id"] for hook in hooks} >= {"ruff-check", "ruff-format", "mypy"}
    assert {repo["repo"] for repo in config["repos"]} == {"local"}  # needs no network
    for hook in hooks:
        assert hook["entry"].split()[0].startswith(".venv/bin/")
        assert shutil.which(Path(hook["entry"].split()[0]).name)
