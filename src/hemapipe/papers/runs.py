"""The runs of a paper in `results/`: `<paper>-<split>`, or with `-<archive>` and `-reduced` behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hemapipe.evaluation.wilson import wilson
from hemapipe.papers.claims import Paper
from hemapipe.papers.cycles import NOTE, read_cycles

#: The two ways every paper is run.
PROTOCOLS = ("published", "honest")


@dataclass(frozen=True)
class Run:
    """One folder of results. `variant`: what follows the split in its name; a pair of runs has it in common.

    `networks`: its rows of `cnn`, by the name of their architecture.
    """

    folder: Path
    split: str
    variant: str
    reduced: bool
    stand_in: str
    device: str | None
    networks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ours:
    """A value of ours with its 95 % interval, where the metrics have one, and what a reader must know of it."""

    value: float
    low: float | None
    high: float | None
    note: str = ""


def find_runs(results_dir: Path, paper: str, split: str) -> list[Run]:
    """Return the runs of a paper's split, the plain one first."""
    stem = f"{paper}-{split}"
    folders = [path for path in results_dir.glob(f"{stem}*") if path.is_dir()]
    return [
        _run(folder, split, folder.name[len(stem) :].removeprefix("-"))
        for folder in sorted(folders, key=lambda path: path.name)
        if folder.name == stem or folder.name.startswith(f"{stem}-")
    ]


def ours(run: Run, row: str, metric: str, paper: Paper) -> Ours | None:
    """Return a metric of a row of ours, under its own name or, in a stand-in, that of the class it stands for."""
    if metric == "accuracy_over_cycles":
        value = read_cycles(run.folder, row)
        return None if value is None else Ours(value, None, None, NOTE)
    if metric == "seconds_per_epoch":
        times = [one for one in read_list(run.folder / "timings.json") if one.get("name") == row]
        return next((Ours(one[metric], None, None) for one in times if metric in one), None)
    found = read_json(run.folder / "metrics" / "evaluate" / f"{row}.json")
    for name in _names(metric, paper):
        if isinstance(found.get(name), (int, float)):
            return _with_interval(run, found, name)
    return None


def _with_interval(run: Run, found: dict[str, Any], name: str) -> Ours:
    """Return a metric with the interval over groups that is stored with it.

    A published accuracy has Wilson's over single images: whether a paper's figure is met is asked on its own terms,
    which take images for independent.
    """
    value, n = found[name], found.get("n_test", 0)
    if name == "accuracy" and run.split == "published" and n:
        return Ours(value, *wilson(round(value * n), n), f"Wilson over {n:,} images")
    few = f"over {found.get('n_groups')} groups only" if found.get("few_groups") else ""
    return Ours(value, found.get(f"{name}_low"), found.get(f"{name}_high"), few)


def _names(metric: str, paper: Paper) -> list[str]:
    """Return the metric's name, then those it has where its class is called otherwise."""
    others = paper.facts.also_called if paper.facts else {}
    stems = [(metric.removesuffix(name), name) for name in paper.classes if metric.endswith(f"_{name}")]
    return [metric, *(stem + other for stem, name in stems for other in others.get(name, []))]


def _run(folder: Path, split: str, variant: str) -> Run:
    origin = read_json(folder / "run.json")
    return Run(
        folder=folder,
        split=split,
        variant=variant,
        reduced=bool(origin.get("reduced")),
        stand_in=origin.get("stand_in") or "",
        device=origin.get("device"),
        networks=networks_of(folder),
    )


def networks_of(folder: Path) -> dict[str, str]:
    """Return the architecture in each row of `cnn` of a run; {} where it has no params.yaml."""
    path = folder / "params.yaml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["cnn"] if path.exists() else None
    return {row: network(values) for row, values in (rows or {}).items()}


def network(row: dict[str, Any]) -> str:
    """Return the name of the architecture of a row of `cnn`: the builder's where that has but one."""
    return str(row.get("arch") or row["builder"])


def read_json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds, {} where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read_list(path: Path) -> list[dict[str, Any]]:
    """Return the objects that a JSON file lists, [] where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
