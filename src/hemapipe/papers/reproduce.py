"""Run a paper's preset as a DVC experiment beside the default run, and keep its results in `results/<run>/`."""

from __future__ import annotations

import re
from pathlib import Path

from hemapipe.admin.demo import Recipe, located, run_recipe
from hemapipe.admin.overlay import flatten
from hemapipe.admin.recognise import recognise
from hemapipe.core.params import read_params
from hemapipe.papers.presets import Overlay, Protocol, load_preset, merged


def reproduce(
    root: Path, name: str, protocol: Protocol, reduced: bool = False, archive: Path | None = None, pattern: str = ""
) -> Path:
    """Run a preset and return the folder of its results; without an archive on the default run's generated images.

    Raises:
        HemapipeError: unknown preset, no such archive or one the preset is not for, or a stage failed.
    """
    recipe = plan(root, name, protocol, reduced, archive, pattern)
    return run_recipe(root, archive.resolve().parent if archive else root, recipe)


def plan(root: Path, name: str, protocol: Protocol, reduced: bool, archive: Path | None, pattern: str) -> Recipe:
    """Return the run: `<paper>-<protocol>`, then the archive where it stands in for the paper's, then `reduced`."""
    preset = load_preset(root, name)
    source = recognise(archive.resolve()) if archive else "synthetic"
    overlay: Overlay = preset.overlay(protocol, source, reduced)
    if archive:
        overlay = merged(overlay, located(archive.resolve(), source, pattern))
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", archive.stem if archive else "synthetic")
    stands_in = source != preset.source
    parts = [name, protocol, *([stem] if stands_in else []), *(["reduced"] if reduced else [])]
    facts = {"paper": name, "split": protocol, "reduced": reduced, "stand_in": stem if stands_in else ""}
    return Recipe("-".join(parts), flatten(overlay, read_params(root / "params.yaml")), facts, keep=True)
