"""The GitHub workflows: valid, pinned, least rights, and every `run:` block executed here in a scratch repository.

`make`, `apt-get`, `gh` and `nvidia-smi` are stand-ins that note their arguments (make's targets are checked with the
real Makefile in test_setup.py); git, dvc and hemapipe are the real ones.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tiny_project import ROOT, succeed

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STAND_INS = ("make", "apt-get", "gh", "nvidia-smi")
DVC = """\
stages:
  evaluate:
    cmd: >-
      mkdir -p metrics/evaluate plots data && echo ${seed} > data/model
      && printf 'epoch,loss\\n1,0.${seed}\\n' > plots/rf.csv
      && echo '{"balanced_accuracy":0.${seed}}' > metrics/evaluate/rf.json
    params: [seed]
    outs: [data/model]
    metrics: [{metrics/evaluate/rf.json: {cache: false}}]
    plots: [{plots/rf.csv: {cache: false, x: epoch, y: loss}}]
"""


def load(path: Path) -> dict:
    # YAML 1.1 reads the key `on` as true; BaseLoader leaves every scalar a text, so `on` stays `on`.
    return yaml.load(path.read_text(), yaml.BaseLoader)


def steps():
    for path in WORKFLOWS:
        for job_name, job in load(path)["jobs"].items():
            for number, step in enumerate(job["steps"]):
                name = step.get("name", step.get("uses", "").partition("@")[0])
                yield pytest.param(step, id=f"{path.stem}-{job_name}-{number}-{name.replace(' ', '_')}")


def blocks():
    return [param for param in steps() if "run" in param.values[0]]


def test_they_are_valid():
    command = [
        Path(sys.executable).parent / "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *WORKFLOWS,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "gpu.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_with_its_version_beside_it(path):
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert uses
    for line in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_pin():
    pins = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text())}
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_rights_and_time_are_limited(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] == "true"
    for job in workflow["jobs"].values():
        assert 0 < int(job["timeout-minutes"]) <= 120
        assert job.get("permissions", {"contents": "read"}) in ({"contents": "read"}, {"pull-requests": "write"})
        if job.get("permissions") == {"pull-requests": "write"}:
            assert not any("checkout" in step.get("uses", "") for step in job["steps"])  # runs no code of the change
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] == "false"


def test_the_gpu_run_is_asked_for_and_never_from_a_fork():
    workflow = load(ROOT / ".github/workflows/gpu.yml")
    assert workflow["on"] == {"workflow_dispatch": "", "pull_request": {"types": ["labeled"]}}
    job = workflow["jobs"]["repro"]
    assert "github.event.label.name == 'gpu'" in job["if"]
    assert "head.repo.full_name == github.repository" in job["if"]
    assert job["runs-on"] == ["self-hosted", "linux", "x64", "gpu"]
    assert re.fullmatch(r"nvidia/cuda:[\w.-]+@sha256:[0-9a-f]{64}", job["container"]["image"])


@pytest.mark.parametrize("step", blocks())
def test_no_expression_is_pasted_into_a_script(step):
    assert "${{" not in step["run"]  # values come through env, so that a title or branch name is never code


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    """A clone, on a branch, of a one-stage project: its run differs from main in seed and accuracy."""
    origin = tmp_path_factory.mktemp("origin")
    (origin / "dvc.yaml").write_text(DVC)
    params = (ROOT / "params.yaml").read_text()  # as shipped: the doctor judges every section
    (origin / "params.yaml").write_text(re.sub(r"^seed: \d+", "seed: 8", params, flags=re.MULTILINE))
    (origin / ".gitignore").write_text("/data/\n/changes/\n")
    (origin / "requirements.txt").write_text("")
    (origin / ".ci").mkdir()
    (origin / ".ci/run").write_text("make lint\nmake test\n")
    (origin / ".ci/run").chmod(0o755)
    identity = "git config user.name t && git config user.email t@t"
    succeed(
        f"git init -q -b main && {identity} && dvc init -q && dvc repro -q && git add -A && git commit -qm main", origin
    )
    clone = tmp_path_factory.mktemp("clone") / "project"
    succeed(f"git clone -q {origin} {clone}", origin)
    succeed(
        f"{identity} && git checkout -q -b change && git branch -qD main "
        "&& sed -i 's/^seed: 8/seed: 9/' params.yaml && dvc repro -q",
        clone,
    )
    succeed("git commit -qam change", clone)
    return clone


@pytest.fixture
def execute(scratch, tmp_path, monkeypatch):
    """Return a function that runs a block as the runner does: block → its output, and the calls of stand-ins."""
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    calls.touch()
    for name in STAND_INS:
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name).touch()
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/project")
    monkeypatch.setenv("NUMBER", "7")

    def run_block(block: str) -> tuple[str, list[str]]:
        calls.write_text("")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", block]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, calls.read_text().splitlines()

    return run_block


def block(workflow: str, name: str) -> str:
    jobs = load(ROOT / ".github" / "workflows" / f"{workflow}.yml")["jobs"].values()
    (found,) = [step["run"] for job in jobs for step in job["steps"] if step.get("name") == name]
    return found


@pytest.mark.parametrize("step", [param for param in blocks() if not re.search("hemapipe|dvc", param.values[0]["run"])])
def test_each_block_runs(step, execute):
    """All but those that need more than stand-ins, which have a test each below."""
    execute(step["run"])


def test_set_up_blocks_call_what_they_should(execute, scratch, tmp_path):
    assert execute(block("ci", "Lint, types, tests"))[1] == ["make lint", "make test"]
    assert execute(block("gpu", "Install"))[1] == ["make setup GPU=1"]
    assert (tmp_path / "GITHUB_PATH").read_text() == f"{scratch}/.venv/bin\n"
    execute(block("gpu", "Let git work here, and know main"))
    assert succeed("git log -1 --format=%s main", scratch) == "main\n"


def test_the_machine_is_examined(execute):
    output, calls = execute(block("gpu", "What this machine is"))
    assert calls == ["nvidia-smi "]
    assert "device" in output


def test_computed_things_travel_through_a_remote_where_one_is_set(execute, scratch, tmp_path):
    fetch, keep = block("gpu", "Fetch what is already computed"), block("gpu", "Keep what was computed")
    assert "No DVC remote" in execute(fetch)[0]
    assert "No DVC remote" in execute(keep)[0]
    succeed(f"dvc remote add -q --local -d here {tmp_path / 'remote'}", scratch)
    try:
        execute(fetch)  # an empty remote is no failure
        execute(keep)
        succeed("rm -r data .dvc/cache", scratch)
        execute(fetch)
    finally:
        succeed("dvc remote remove -q --local here", scratch)
    assert (scratch / "data/model").read_text() == "9\n"


def test_the_change_is_summed_up_and_posted(execute, scratch, tmp_path):
    execute(block("gpu", "Let git work here, and know main"))
    execute(block("gpu", "What changed against main"))
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert "| metrics/evaluate/rf.json | balanced_accuracy | 0.8    | 0.9         | 0.1      |" in summary
    assert "| params.yaml | seed    | 8      | 9           |" in summary
    assert (scratch / "changes/comment.md").read_text() == summary
    assert (scratch / "changes/plots/index.html").exists()
    (call,) = execute(block("gpu", "Post, or renew the last comment"))[1]
    assert call.startswith("gh pr comment 7 --repo owner/project --body-file gpu-run/changes/comment.md")


def test_what_is_out_of_date_fails_the_run(execute, scratch):
    check = block("ci", "Nothing is out of date")
    execute(check)
    params = scratch / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("seed: 9", "seed: 7"))
    try:
        with pytest.raises(AssertionError):
            execute(check)
    finally:
        params.write_text(before)
    assert json.loads((scratch / "metrics/evaluate/rf.json").read_text()) == {"balanced_accuracy": 0.9}
