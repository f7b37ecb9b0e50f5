"""Run the pipeline on a real archive beside the default run, and keep its small results in `results/<run>/`.

Each recipe of `presets/demo-<source>.yaml` becomes one `dvc exp run --temp`: DVC checks the commit and the changed
tracked files out into a temporary folder, applies the overlay there and stores the outcome as a hidden commit. What is
worth keeping is read from that commit, then the experiment is removed: params.yaml, dvc.lock, metrics/ and data/ stay
as they are. DVC's cache keeps what was computed, so that a second recipe, or a run after a failure, goes on from there.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hemapipe import archive as archives
from hemapipe.admin.git import files_at, git
from hemapipe.admin.overlay import flatten
from hemapipe.admin.pipeline import outputs_until, parse_pipeline, within
from hemapipe.admin.recognise import is_list, recognise
from hemapipe.admin.results import code_now, write_results
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import read_params
from hemapipe.report.times import read_times
from hemapipe.sources import folder

#: Trees of the finished run that are small text, and say all there is to compare.
KEPT = ("metrics", "plots/compare", "plots/train", "params.yaml")
KEPT_SUFFIXES = (".json", ".csv", ".yaml")
#: Beside the page: what the report stage measured, and what stands there where it had nothing to measure.
TIMINGS = "measured_here.js"
NOT_KEPT = """\
document.querySelectorAll("#measured-note, #measured-stages td").forEach((one) => {
  one.textContent = "Times: none kept, as these results came from DVC's cache.";
});
"""


@dataclass(frozen=True)
class Recipe:
    """One run: its name (also the folder under `results/`) and the `-S` words that make it.

    `facts` go into its run.json; `keep` leaves the experiment for `dvc exp show`; `target` is the last stage, where
    not all are to run.
    """

    run: str
    overrides: list[str]
    facts: dict[str, Any] = field(default_factory=dict)
    keep: bool = False
    target: str = ""


def demo_real(root: Path, archive: Path, name: str = "", pattern: str = "", only: str = "") -> list[Path]:
    """Run every recipe for the archive's source (or the one called `only`); return the folders of results.

    Raises:
        HemapipeError: the archive is missing or of no known kind, `only` names no recipe, or a stage failed.
    """
    archive = archive.resolve()
    recipes = plan(root, archive, recognise(archive), name, pattern)
    chosen = [recipe for recipe in recipes if not only or recipe.run.endswith(f"-{only}")]
    if not chosen:
        known = ", ".join(recipe.run.rpartition("-")[2] for recipe in recipes)
        raise HemapipeError(f"no recipe is called {only!r}; there are {known}")
    return [run_recipe(root, archive.parent, recipe, root / "results") for recipe in chosen]


def plan(root: Path, archive: Path, source: str, name: str = "", pattern: str = "") -> list[Recipe]:
    """Return the recipes of `presets/demo-<source>.yaml`, each with the archive's name and hash filled in."""
    check_pattern(archive, source, pattern)
    preset = root / "presets" / f"demo-{source}.yaml"
    recipes: dict[str, Any] = yaml.safe_load(preset.read_text(encoding="utf-8"))
    params = read_params(root / "params.yaml")
    where = located(archive, source, pattern)
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", name or (archive.stem if source == "folder" else source)).strip("-")
    words = flatten(where, params)
    return [Recipe(f"{stem}-{run}", words + flatten(overlay, params)) for run, overlay in recipes.items()]


def check_pattern(archive: Path, source: str, pattern: str) -> None:
    """Raise a HemapipeError if a pattern is given for an archive whose layout says all."""
    if pattern and (source != "folder" or is_list(archive)):
        layout = "lists labels itself" if is_list(archive) else f"has the layout of {source}"
        raise HemapipeError(f"{archive.name} {layout}, which needs no --pattern")


def located(archive: Path, source: str, pattern: str = "") -> dict[str, Any]:
    """Return the overlay that makes `archive` the run's source, pinned by its hash."""
    download: dict[str, Any] = {"archive": archive.name, "sha256": fingerprint(archive)}
    if pattern:
        download["pattern"] = pattern
    return {"download": {"source": source, source: download}}


def run_recipe(root: Path, data: Path, recipe: Recipe, results: Path) -> Path:
    """Run one recipe as a temporary experiment on the archives in `data`; keep what is small in `results`."""
    print(f"== {recipe.run}: params.yaml with {len(recipe.overrides)} changes, see results/{recipe.run}/", flush=True)
    page = root / "report" / recipe.run
    page.mkdir(parents=True, exist_ok=True)
    (page / TIMINGS).unlink(missing_ok=True)  # of an earlier run
    if experiment(root, recipe.run):
        dvc(root, "exp", "remove", "--quiet", recipe.run)
    code, started = code_now(root), time.monotonic()
    words = [word for override in recipe.overrides for word in ("-S", override)]
    places = {"HEMAPIPE_DATA": str(data), "HEMAPIPE_TIMINGS": str(page)}
    targets = [recipe.target] if recipe.target else []
    dvc(root, "exp", "run", "--temp", "--name", recipe.run, *targets, *words, **places)
    seconds = time.monotonic() - started
    revision = experiment(root, recipe.run)
    if not revision:
        raise HemapipeError(f"dvc made no experiment called {recipe.run}: its messages above say why")
    out = collect(root, revision, results / recipe.run, recipe.target)
    write_results(out, recipe.run, code, seconds, recipe.facts)
    if not recipe.target:
        keep_report(root, revision, page)
    explain_times(page / TIMINGS)
    keep_times(page / TIMINGS, out)
    if not recipe.keep:
        dvc(root, "exp", "remove", "--quiet", recipe.run)
        print(f"{recipe.run}: kept in results/{recipe.run}/; the experiment is removed, so DVC's advice above is void")
    return out


def collect(root: Path, revision: str, out: Path, target: str = "") -> Path:
    """Copy the small text of a finished experiment to `out`, without what models that were not in it left behind.

    Nor what the default run has of stages that were not run, as they are not before the `target`.
    """
    texts = {name: git(root, "show", f"{revision}:{name}") for name in ("dvc.yaml", "params.yaml", "dvc.lock")}
    made = outputs_until(target, texts["dvc.lock"]) if target else None
    if out.exists():
        shutil.rmtree(out)  # of an earlier run, perhaps with other models
    pipeline = parse_pipeline(texts["dvc.yaml"], texts["params.yaml"])
    for name in files_at(root, revision, *KEPT):
        ran = made is None or name == "params.yaml" or any(within(name, output) for output in made)
        if ran and name.endswith(KEPT_SUFFIXES) and not pipeline.is_stale(name):
            copy = out / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(git(root, "show", f"{revision}:{name}"), encoding="utf-8")
    return out


def keep_report(root: Path, revision: str, out: Path) -> None:
    """Put the run's HTML pages, which show images and so are not for git, into `out`.

    A folder of its own, as the page reads the timings that lie beside it, and those in `report/` are the default run's.
    The temporary run wrote its own there itself (see stages/report.py), unless its page came from the cache.
    """
    lock = yaml.safe_load(git(root, "show", f"{revision}:dvc.lock"))
    outputs = [entry["path"] for stage in lock["stages"].values() for entry in stage.get("outs", [])]
    out.mkdir(parents=True, exist_ok=True)
    for name in outputs:
        if name.startswith("report/"):
            # Into the folder, under its own name: named, a folder that is there already would get itself inside.
            dvc(root, "get", "--quiet", "--force", "--rev", revision, ".", name, "--out", str(out))


def keep_times(script: Path, out: Path) -> None:
    """Write the times of the run, as its page shows them, to `timings.json` in `out`; nothing where it has none."""
    times = read_times(script)
    if times is not None:
        (out / "timings.json").write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


def explain_times(script: Path) -> None:
    """Let the page say why it has no times, where the run measured none: all came from DVC's cache."""
    if not script.exists() or "seconds" not in script.read_text(encoding="utf-8"):
        script.write_text(NOT_KEPT, encoding="utf-8")


def experiment(root: Path, name: str) -> str:
    """Return the commit of the experiment called `name`, or '' where there is none."""
    refs = git(root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    return next((ref.split()[0] for ref in refs if ref.rpartition("/")[2] == name), "")


def fingerprint(archive: Path) -> str:
    """Return the SHA-256 of a zip, or of the zip that a folder or a list is packed into: by it DVC notices a change."""
    if archive.is_file() and not is_list(archive):
        return archives.sha256_of(archive)
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch) / "packed.zip"
        if is_list(archive):
            listed = folder.Params(archive=archive.name, pattern="{label}")
            with contextlib.redirect_stdout(io.StringIO()):  # its advice to pin the hash, which happens here
                folder.fetch(listed, 0, 1, archive.parent, packed)
        else:
            archives.pack_folder(archive, packed)
        return archives.sha256_of(packed)


def dvc(root: Path, *words: str, **environment: str) -> None:
    """Run DVC with this environment's python first on PATH; its output goes to the terminal.

    Raises:
        HemapipeError: DVC failed; what it printed says why.
    """
    here = str(Path(sys.executable).parent)
    path = os.pathsep.join([here, os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *words], cwd=root, env={**os.environ, "PATH": path, **environment}
    )
    if done.returncode:
        raise HemapipeError(
            f"`dvc {' '.join(words[:2])}` failed; its messages above say why. Mend that first: nothing else will help. "
            "What finished until then is cached and does not run again."
        )
