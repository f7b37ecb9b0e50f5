"""The Dockerfile without Docker: linted, held against pipeline and command line, its commands run in a folder."""

import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from tiny_project import ROOT

BIN = Path(sys.executable).parent
IMPORTS = "import hemapipe.predict.command, hemapipe.predict.run, hemapipe.serve.server, hemapipe.cli"
#: Refuses every module that the packages of requirements-serve.txt do not bring.
BLOCK = f"""
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in set({{absent!r}}):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
{IMPORTS}
"""


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments of every line, continued ones joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, rest in lines]


def arguments(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def copied() -> set[str]:
    """What is copied out of the checkout."""
    words = [rest.split() for rest in arguments("COPY") if "--from" not in rest]
    return {source for line in words for source in line[:-1] if not source.startswith("--")}


def outs() -> set[str]:
    """What the stages make, up to the first variable part."""
    made = set()
    for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values():
        stage = stage.get("do", stage)
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            path = next(iter(out)) if isinstance(out, dict) else out
            made.add(path.partition("${")[0])
    return made


def test_hadolint_has_nothing_to_say():
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_is_copied_is_in_the_repository_or_made_by_a_stage():
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    known = set(tracked.stdout.splitlines()) | outs()
    for source in copied():
        assert any(one == source or one.startswith(f"{source}/") for one in known), source
    assert {"data/export", "data/calibration", "metrics", "dvc.yaml"} <= copied()


def test_nothing_else_reaches_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"  # after the comment: nothing, but for what is named
    assert {line[1:] for line in lines if line.startswith("!")} == copied()


def test_the_base_is_one_exact_version():
    assert {line.split()[0] for line in arguments("FROM")} == {"python:3.11.13-slim-bookworm"}


def test_it_runs_as_nobody_in_particular():
    (user,) = arguments("USER")
    assert int(user) > 0
    after = [word for word, _ in instructions()][[word for word, _ in instructions()].index("USER") :]
    assert not {"RUN", "COPY"} & set(after)


def test_the_command_is_one_that_hemapipe_has(tmp_path, monkeypatch):
    from hemapipe import cli
    from hemapipe.serve import server

    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").touch()
    started = []
    monkeypatch.setattr(server, "serve", lambda root, params: started.append((root, params)))
    (entry,), (command,), (port,) = (arguments(name) for name in ("ENTRYPOINT", "CMD", "EXPOSE"))
    assert json.loads(entry) == ["hemapipe"]
    cli.app(json.loads(command), standalone_mode=False)
    ((root, params),) = started
    assert (root, params.host, params.port) == (tmp_path, "0.0.0.0", int(port))


class Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_the_server(status, healthy, monkeypatch):
    monkeypatch.setattr(Health, "status", status)
    (check,), (port,) = arguments("HEALTHCHECK"), arguments("EXPOSE")
    command = json.loads(check.partition("CMD ")[2])
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = command[2].replace(f":{port}/", f":{server.server_port}/")
        assert code != command[2]
        done = subprocess.run([sys.executable, "-c", code], capture_output=True)
        server.shutdown()
    assert (done.returncode == 0) == healthy


def closure(names: list[str]) -> set[str]:
    """Packages and all they need here, normalised."""
    from packaging.requirements import Requirement

    seen, queue = set(), list(names)
    while queue:
        name = re.sub(r"[-_.]+", "-", queue.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        needed = map(Requirement, metadata.requires(name) or [])
        queue += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return seen


def test_serving_needs_no_more_than_its_requirements():
    pins = re.findall(r"^([\w.-]+)==", (ROOT / "requirements-serve.txt").read_text(), re.MULTILINE)
    there = closure(pins) | {"hemapipe"}
    absent = [
        module
        for module, packages in metadata.packages_distributions().items()
        if not there & {re.sub(r"[-_.]+", "-", package).lower() for package in packages}
    ]
    assert {"torch", "dvc", "matplotlib", "xgboost"} <= set(absent)
    done = subprocess.run([sys.executable, "-c", BLOCK.format(absent=sorted(absent))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_its_commands_make_an_environment_that_serves(tmp_path):
    """The first stage's commands, in folders of their own: downloads some 200 MB."""
    build, venv = tmp_path / "build", tmp_path / "venv"
    build.mkdir()
    (first, *rest) = [number for number, (word, _) in enumerate(instructions()) if word == "FROM"]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for word, said in instructions()[first + 1 : rest[0]]:
        if word == "COPY":
            for source in said.split()[:-1]:
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, build / source)
        elif word == "RUN":
            command = said.replace("/opt/venv", shlex.quote(str(venv)))
            done = subprocess.run(["sh", "-euc", command], cwd=build, env=clean, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr

    def run(*words: str | Path) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=clean, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "Research use only" in run(venv / "bin/hemapipe", "--help")
    run(venv / "bin/python", "-c", IMPORTS)
    run(sys.executable, "-m", "pip", "--python", venv / "bin/python", "check")
    assert not (venv / "lib/python3.11/site-packages/torch").exists()
    shown = run(venv / "bin/python", "-c", "import hemapipe.serve; print(hemapipe.serve.__file__)")
    assert Path(shown.strip()).is_relative_to(venv)
    assert (Path(shown.strip()).parent / "static/page.js").exists()
