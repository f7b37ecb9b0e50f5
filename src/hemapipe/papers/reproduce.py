"""Run a paper's preset as a DVC experiment beside the default run, and keep its results in `results/<run>/`."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hemapipe.admin.demo import Recipe, check_pattern, located, run_recipe
from hemapipe.admin.overlay import flatten, laid_over
from hemapipe.admin.recognise import is_whole, recognise
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import read_params
from hemapipe.papers.presets import Overlay, Protocol, keep_rows, load_preset
from hemapipe.papers.ready import require_machine, require_no_fuller_results, require_patients, require_sound
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


@dataclass(frozen=True)
class Planned:
    """A run that was found sound: the parameters it will have, and the folder with its archive."""

    recipe: Recipe
    params: dict[str, Any]
    data: Path


def reproduce(root: Path, planned: Planned) -> Path:
    """Run a preset and return the folder of its results.

    Raises:
        HemapipeError: a network that this machine cannot train, or whose weights it cannot get; a stage failed.
    """
    require_machine(planned.params)
    return run_recipe(root, planned.data, planned.recipe, root / "results")


def plan(root: Path, request: Request) -> Planned:
    """Return the run: `<paper>-<protocol>`, then the archive where it stands in for the paper's, then `reduced`.

    A variant's run is called `<paper>-<variant>-<protocol>…`.

    Raises:
        HemapipeError: unknown preset, variant or network, no such archive or one the preset is not for, images that
            an honest split cannot put together, parameters that are none, or results that would be lost.
    """
    preset = load_preset(root, request.paper)
    archive, source = _archive(request)
    overlay = preset.overlay(request.protocol, source, request.reduced, request.variant)
    overlay = keep_rows(overlay, request.only) if request.only else overlay
    overlay = laid_over(located(archive, source, request.pattern), overlay) if archive else overlay
    params = require_sound(root, overlay)
    whole = archive and source == preset.source and is_whole(archive, source)
    stand_in = "" if whole else re.sub(r"[^A-Za-z0-9_]+", "_", archive.stem if archive else source)
    words = [request.paper, request.variant, request.protocol, stand_in, "reduced" if request.reduced else ""]
    run = "-".join(filter(None, words))
    require_no_fuller_results(root / "results" / run, request.only)
    facts = {
        "paper": request.paper,
        "split": request.protocol,
        "reduced": request.reduced,
        "stand_in": stand_in,
        **({"variant": request.variant} if request.variant else {}),
        **({"only": list(request.only)} if request.only else {}),
    }
    return Planned(_recipe(root, run, overlay, facts), params, archive.parent if archive else root)


def _archive(request: Request) -> tuple[Path | None, str]:
    """Return the archive, whole path, and the source that reads it; generated images without one."""
    if request.archive is None:
        if request.pattern:
            raise HemapipeError("--pattern says what the paths of an --archive mean: name that too")
        return None, "synthetic"
    archive = request.archive.resolve()
    source = recognise(archive)
    check_pattern(archive, source, request.pattern)
    if request.protocol == "honest":
        require_patients(archive, source, request.pattern)
    return archive, source


def _recipe(root: Path, run: str, overlay: Overlay, facts: dict[str, Any]) -> Recipe:
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
    overlay = cut_down(root, load_preset(root, paper).overlay(protocol, "synthetic", reduced=False), protocol)
    recipe = replace(_recipe(root, f"{paper}-{protocol}-toy", overlay, {"paper": paper}), keep=False)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            out = run_recipe(root, root, recipe, Path(scratch))
        except HemapipeError as error:
            return Tried(recipe.run, time.monotonic() - started, (), str(error))
        models = tuple(sorted(path.stem for path in (out / "metrics" / "evaluate").glob("*.json")))
    return Tried(recipe.run, time.monotonic() - started, models)
