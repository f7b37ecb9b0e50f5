"""The Markdown of a pull-request comment and job summary: what a change did to metrics, parameters and plots.

GitHub shows no uploaded image in a comment without hosting it elsewhere, so the plots are drawn as Mermaid charts,
which it renders itself; the full report and the PNGs are the run's artefacts.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

from hemapipe.admin.git import files_at, git
from hemapipe.core.errors import HemapipeError

#: GitHub refuses a comment of more than 65,536 characters.
LIMIT = 60_000


def comment(root: Path, base: str, metric: str = "balanced_accuracy") -> str:
    """Return the comment comparing the workspace with the commit `base`.

    Raises:
        HemapipeError: `base` is unknown, or DVC cannot compare with it.
    """
    git(root, "rev-parse", "--verify", f"{base}^{{commit}}")
    parts = [
        f"## Run against {base}",
        "Research use only.",
        bar_chart(models_at(root, base, metric), models_here(root, metric), metric),
        *(line_chart(path) for path in sorted((root / "plots" / "train").glob("*.csv"))),
        f"### Parameters\n\n{dvc_diff(root, 'params', base)}",
        f"### Metrics\n\n{dvc_diff(root, 'metrics', base)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def shorten(text: str, limit: int = LIMIT) -> str:
    """Cut a comment at a line's end, saying so, where it is longer than GitHub takes."""
    if len(text) <= limit:
        return text
    note = "\n\n(cut here; the job summary has the whole)\n"
    return text[: text.rfind("\n", 0, limit - len(note))] + note


def dvc_diff(root: Path, what: str, base: str) -> str:
    """Return `dvc <what> diff --md` between `base` and the workspace."""
    words = [sys.executable, "-m", "dvc", what, "diff", "--md", base]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise HemapipeError(f"dvc {what} diff {base}: {done.stderr.strip()}")
    table = done.stdout.strip()
    return table if len(table.splitlines()) > 2 else "No change."  # DVC prints the head of an empty table


def models_here(root: Path, metric: str) -> dict[str, float]:
    """Return model → `metric` of the workspace."""
    files = sorted((root / "metrics" / "evaluate").glob("*.json"))
    return _values({path.stem: path.read_text(encoding="utf-8") for path in files}, metric)


def models_at(root: Path, revision: str, metric: str) -> dict[str, float]:
    """Return model → `metric` as committed at `revision`."""
    files = files_at(root, revision, "metrics/evaluate")
    return _values({Path(name).stem: git(root, "show", f"{revision}:{name}") for name in files}, metric)


def bar_chart(before: dict[str, float], after: dict[str, float], metric: str) -> str:
    """Return a Mermaid chart of `metric` per model, best first: bars are this run, the line is the base."""
    if not after:
        return ""
    names = sorted(after, key=lambda name: (-after[name], name))
    common = all(name in before for name in names)
    lines = [
        "xychart-beta",
        f'  title "{metric.replace("_", " ")} (bars: this run{"; line: base" if common else ""})"',
        "  x-axis [" + ", ".join(f'"{name}"' for name in names) + "]",
        f'  y-axis "{metric.replace("_", " ")}" 0 --> 1',
        "  bar [" + ", ".join(f"{after[name]:.4f}" for name in names) + "]",
    ]
    if common:
        lines.append("  line [" + ", ".join(f"{before[name]:.4f}" for name in names) + "]")
    return _mermaid(lines)


def line_chart(path: Path) -> str:
    """Return a Mermaid chart of a learning curve (`epoch`, `val_loss` and, of several folds, the first)."""
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    if not rows or not {"epoch", "val_loss"} <= rows[0].keys():
        return ""
    first = [row for row in rows if row.get("fold", "") == rows[0].get("fold", "") and row["val_loss"]]
    lines = [
        "xychart-beta",
        f'  title "{path.stem}: validation loss, first fold"',
        "  x-axis epoch [" + ", ".join(row["epoch"] for row in first) + "]",
        "  line [" + ", ".join(f"{float(row['val_loss']):.4f}" for row in first) + "]",
    ]
    return _mermaid(lines)


def _values(texts: dict[str, str], metric: str) -> dict[str, float]:
    metrics = {name: json.loads(text) for name, text in texts.items()}
    return {name: values[metric] for name, values in metrics.items() if metric in values}


def _mermaid(lines: list[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
