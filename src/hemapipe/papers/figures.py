"""Pictures of the runs in `results/`: training as a paper prints it, and what accuracy costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from hemapipe.core.errors import HemapipeError
from hemapipe.papers import tradeoff, training_curves
from hemapipe.papers.claims import Paper
from hemapipe.papers.epochs import last_epoch
from hemapipe.papers.runs import read_json


class Drawn(NamedTuple):
    """The pictures written, and the runs that have no timings and so no picture of what accuracy costs."""

    pictures: list[Path]
    untimed: list[str]


def draw_all(papers: dict[str, Paper], results_dir: Path, out: Path) -> Drawn:
    """Draw every picture there is data for, as `<out>/training-<run>.png` and `<out>/tradeoff-<run>.png`.

    Raises:
        HemapipeError: there are no runs in `results_dir`.
    """
    runs = sorted(path.parent for path in results_dir.glob("*/run.json"))
    if not runs:
        raise HemapipeError(f"{results_dir} holds no run (a folder with run.json): name the folder with --results")
    pictures, untimed = [], []
    for run in runs:
        origin = read_json(run / "run.json")
        subtitle = about(origin, read_json(run / "metrics" / "split.json"), _n_test(run))
        paper = papers.get(origin.get("paper", ""))
        models = training_curves.models(paper, run) if paper else []
        if paper and len(models) > 1:
            path = out / f"training-{run.name}.png"
            title = f"{' against '.join(model.name for model in models)}: {run.name}"
            training_curves.draw(models, _end(paper, origin), title, subtitle, path)
            pictures.append(path)
        points = tradeoff.points(run)
        if len(points) > 1:  # one is no choice
            path = out / f"tradeoff-{run.name}.png"
            tradeoff.draw(points, f"What accuracy costs: {run.name}", subtitle, path)
            pictures.append(path)
        elif not points:
            untimed.append(run.name)
    return Drawn(pictures, untimed)


def _n_test(run: Path) -> int:
    """Return how many images were scored, which are variants too where these were made before the split."""
    return max((read_json(path).get("n_test", 0) for path in (run / "metrics" / "evaluate").glob("*.json")), default=0)


def about(origin: dict[str, Any], split: dict[str, Any], n_test: int) -> str:
    """Return how the images were split and what computed it, from a run's run.json and metrics/split.json."""
    n_folds = split.get("n_folds")
    folds = "" if n_folds is None else "one holdout" if n_folds == 1 else f"{n_folds} folds"
    processor = f"{origin['processor']}, {origin['cores']} cores" if origin.get("processor") else ""
    device = origin.get("device") or ""
    words = [
        f"{origin['split']} split" if origin.get("split") else "",
        folds,
        f"{n_test:,} test images" if n_test else "",
        "reduced" if origin.get("reduced") else "",
        f"stand-in {origin['stand_in']}" if origin.get("stand_in") else "",
        "" if device == "cpu" else device,
        processor,
    ]
    return " · ".join(word for word in words if word)


def _end(paper: Paper, origin: dict[str, Any]) -> int:
    """Return the paper's last epoch where the run is one that its printed numbers are for, else 0."""
    meant = origin.get("split") == "published" and not origin.get("stand_in") and not origin.get("variant")
    return last_epoch(paper) if meant else 0
