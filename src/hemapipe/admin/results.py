"""What `results/<run>/` says beside the metrics themselves: where they come from, and a leaderboard."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import yaml

from hemapipe.admin.git import git
from hemapipe.report.environment import cpuinfo
from hemapipe.report.leaderboard import LOWER_IS_BETTER

#: Columns of the leaderboard, in order; those that no model has are left out.
COLUMNS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "macro_roc_auc", "log_loss", "ece")


def write_results(root: Path, out: Path, run: str, seconds: float) -> None:
    """Write `run.json` (commit, machine, seconds) and `leaderboard.md` into the results in `out`."""
    params = yaml.safe_load((out / "params.yaml").read_text(encoding="utf-8"))
    source = params["download"]["source"]
    origin = {
        "run": run,
        "source": source,
        "archive": params["download"][source].get("archive"),
        "sha256": params["download"][source].get("sha256"),
        "commit": git(root, "rev-parse", "HEAD").strip(),
        "changed_since": bool(git(root, "status", "--porcelain", "--untracked-files=no").strip()),
        "processor": cpuinfo("model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device": device(),
        "seconds": round(seconds),
    }
    (out / "run.json").write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")
    (out / "leaderboard.md").write_text(leaderboard(out, params["compare"]["rank_by"], origin), encoding="utf-8")


def leaderboard(out: Path, rank_by: str, origin: dict[str, Any]) -> str:
    """Return a Markdown table of the models in `out/metrics/evaluate/`, best first, values with their intervals."""
    models = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((out / "metrics" / "evaluate").glob("*.json"))
    }
    columns = [name for name in COLUMNS if any(name in metrics for metrics in models.values())]
    sign = 1 if rank_by in LOWER_IS_BETTER else -1
    ranked = sorted(models, key=lambda name: (sign * models[name].get(rank_by, 0.0), name))
    lines = [
        f"# {origin['run']}",
        "",
        f"{origin['archive']} · commit {origin['commit'][:9]} · {origin['processor']}, {origin['cores']} cores, "
        f"{origin['device']} · {origin['seconds']} s. Research use only.",
        "",
        "| model | " + " | ".join(column.replace("_", " ") for column in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    lines += [f"| {name} | " + " | ".join(cell(models[name], column) for column in columns) + " |" for name in ranked]
    return "\n".join(lines) + "\n"


def cell(metrics: dict[str, Any], key: str) -> str:
    """Return `0.912 [0.890, 0.931]`, the value with its interval where the metrics have one."""
    if key not in metrics:
        return "–"
    low, high = metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
    interval = f" [{low:.3f}, {high:.3f}]" if low is not None and high is not None else ""
    return f"{metrics[key]:.3f}{interval}"


def device() -> str:
    """Return the name of the GPU that torch sees, else `cpu`."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
