"""Remove what models, feature sets and sizes no longer in params.yaml left behind.

DVC forgets a removed foreach item but leaves its files, and collectors that depend on a whole directory
(`compare`, `report`) would still hash them. Its entry in dvc.lock stays as well.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from hemapipe.admin.pipeline import Pipeline, read_pipeline

#: Kept outside DVC: seconds, as `<stage>-<name>.json`, and what interrupted training goes on from, as `<name>-<key>/`.
TIMING, CHECKPOINTS = "data/timing", "data/checkpoints"
_LOCK_ENTRY = re.compile(r"^  (?P<name>\S.*):$")


def prune(root: Path, dry_run: bool = False) -> list[str]:
    """Remove stale outputs and dvc.lock entries below `root`; return what was (or would be) removed, sorted."""
    pipeline = read_pipeline(root)
    paths = stale_outputs(root, pipeline)
    lock = root / "dvc.lock"
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    kept, entries = prune_lock(text, pipeline.stages)
    if not dry_run:
        for path in paths:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if entries:
            lock.write_text(kept, encoding="utf-8")
    return [path.relative_to(root).as_posix() for path in paths] + [f"dvc.lock: {name}" for name in entries]


def stale_outputs(root: Path, pipeline: Pipeline) -> list[Path]:
    """Return the files and folders of names that no foreach stage lists, sorted."""
    folders = sorted({kind.parent for kind in pipeline.outputs})
    entries = [entry for folder in folders if (root / folder).is_dir() for entry in (root / folder).iterdir()]
    return sorted(
        {entry for entry in entries if pipeline.is_stale(entry.relative_to(root).as_posix())}
        | set(_undeclared(root, pipeline))
    )


def prune_lock(text: str, stages: frozenset[str]) -> tuple[str, list[str]]:
    """Return the text of dvc.lock without the entries of unknown stages, and their names.

    Works on lines, so that what stays keeps the bytes that DVC wrote.
    """
    kept: list[str] = []
    removed: list[str] = []
    keeping = True
    for line in text.splitlines(keepends=True):
        entry = _LOCK_ENTRY.match(line.rstrip("\n"))
        if entry:
            name = entry["name"].strip("'\"")
            keeping = name in stages
            if not keeping:
                removed.append(name)
        elif not line.startswith(" "):
            keeping = True
        if keeping:
            kept.append(line)
    return "".join(kept), sorted(removed)


def _undeclared(root: Path, pipeline: Pipeline) -> Iterator[Path]:
    """Yield the timings and resume folders of stages and models that are gone."""
    models = {stage.partition("@")[2] for stage in pipeline.stages}
    for path in (root / TIMING).glob("*-*.json"):
        stage, _, name = path.stem.partition("-")
        if f"{stage}@{name}" not in pipeline.stages:
            yield path
    for path in (root / CHECKPOINTS).glob("*-*"):
        if path.name.rpartition("-")[0] not in models:
            yield path
