"""Run a paper's preset as a DVC experiment beside the default run, and keep its results in `results/<run>/`."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from hemapipe.admin.demo import Recipe, located, run_recipe
from hemapipe.admin.overlay import flatten
from hemapipe.admin.recognise import is_whole, recognise
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import read_params
from hemapipe.papers.presets import Overlay, Protocol, keep_rows, load_preset, merged
from hemapipe.papers.toy import cut_down

#: Neither the audit nor the price of leaking, which are facts of an archive and no paper's: `make demo-real` has them.
LAST = "compare"


@dataclass(frozen=True)
class Request:
    """A run that is asked for; without an archive on the default run's generated images."""

    paper: str
    protocol: Protocol
    reduced: bool = False
    archive: Path | None = None
    pattern: str = ""
    variant: str = ""
    only: tuple[str, ...] = ()


def reproduce(root: Path, request: Request) -> Path:
    """Run a preset and return the folder of its results.

    Raises:
        HemapipeError: unknown preset, no such archive or one the preset is not for, or a stage failed.
    """
    recipe = plan(root, request)
    return run_recipe(root, request.archive.resolve().parent if request.archive else root, recipe, root / "results")


def plan(root: Path, request: Request) -> Recipe:
    """Return the run: `<paper>-<protocol>`, then the archive where it stands in for the paper's, then `reduced`.

    A variant's run is called `<paper>-<variant>-<protocol>…`.
    """
    preset = load_preset(root, request.paper)
    archive = request.archive.resolve() if request.archive else None
    source = recognise(archive) if archive else "synthetic"
    overlay: Overlay = preset.overlay(request.protocol, source, request.reduced, request.variant)
    overlay = keep_rows(overlay, request.only) if request.only else overlay
    if archive:
        overlay = merged(overlay, located(archive, source, request.pattern))
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", archive.stem if archive else "synthetic")
    whole = source == preset.source and archive is not None and is_whole(archive, source)
    stand_in = "" if whole else stem
    words = [request.paper, request.variant, request.protocol, stand_in, "reduced" if request.reduced else ""]
    facts: dict[str, str | bool] = {
        "paper": request.paper,
        "split": request.protocol,
        "reduced": request.reduced,
        "stand_in": stand_in,
    }
    if request.variant:
        facts["variant"] = request.variant
    return _recipe(root, "-".join(filter(None, words)), overlay, facts)


def _recipe(root: Path, run: str, overlay: Overlay, facts: dict[str, str | bool]) -> Recipe:
    return Recipe(run, flatten(overlay, read_params(root / "params.yaml")), facts, keep=True, target=LAST)


@dataclass(frozen=True)
class Tried:
    """How a toy run went: `problem` is '' where every stage ran, and `models` are those with test scores."""

    run: str
    seconds: float
    models: tuple[str, ...]
    problem: str = ""


def try_out(root: Path, papers: list[str], protocols: list[Protocol], n_jobs: int) -> Iterator[Tried]:
    """Run presets cut down to a toy, `n_jobs` at once, and yield how each went; nothing of them is kept."""
    with ThreadPoolExecutor(n_jobs) as pool:
        tasks = [pool.submit(_try, root, paper, protocol) for paper in papers for protocol in protocols]
        for task in as_completed(tasks):
            yield task.result()


def _try(root: Path, paper: str, protocol: Protocol) -> Tried:
    overlay = cut_down(root, load_preset(root, paper).overlay(protocol, "synthetic", reduced=False))
    recipe = replace(_recipe(root, f"{paper}-{protocol}-toy", overlay, {"paper": paper}), keep=False)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            out = run_recipe(root, root, recipe, Path(scratch))
        except HemapipeError as error:
            return Tried(recipe.run, time.monotonic() - started, (), str(error))
        models = tuple(sorted(path.stem for path in (out / "metrics" / "evaluate").glob("*.json")))
    return Tried(recipe.run, time.monotonic() - started, models)
