"""What `results/<run>/` says beside the metrics themselves: where they come from, and a leaderboard."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import yaml

from hemapipe.admin.git import git
from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.confusions import balanced_accuracies
from hemapipe.report.environment import cpuinfo
from hemapipe.report.highlights import leaks
from hemapipe.report.words import words

#: Columns of the leaderboard, in order; those that no model has are left out.
COLUMNS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "macro_roc_auc", "log_loss", "ece")
#: Where `compare` leaves its order.
RANKING = "plots/compare/leaderboard.csv"
#: … and the counts behind it.
CONFUSIONS = "plots/compare/confusions.csv"


def code_now(root: Path) -> dict[str, Any]:
    """Return the commit a run that starts now has its code from, and whether tracked files have changed since."""
    return {
        "commit": git(root, "rev-parse", "HEAD").strip(),
        # of results/ another run may be rewriting its part
        "changed_since": bool(git(root, "status", "--porcelain", "-uno", "--", ".", ":!results").strip()),
    }


def write_results(out: Path, run: str, code: dict[str, Any], seconds: float, facts: dict[str, Any]) -> None:
    """Write `run.json` (`code_now` at its start, machine, seconds, further `facts`) and `leaderboard.md` to `out`."""
    params = yaml.safe_load((out / "params.yaml").read_text(encoding="utf-8"))
    source = params["download"]["source"]
    origin = {
        "run": run,
        "source": source,
        "archive": params["download"][source].get("archive"),
        "sha256": params["download"][source].get("sha256"),
        **code,
        "processor": cpuinfo("model name") or platform.machine(),
        "cores": joblib.cpu_count(),
        "device": device(),
        "seconds": round(seconds),
        **facts,
    }
    (out / "run.json").write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")
    text = leaderboard(out, origin, division(out, params))
    (out / "leaderboard.md").write_text(text, encoding="utf-8")


def division(out: Path, params: dict[str, Any]) -> str:
    """Return how the images were divided and what leaks, for the leaderboard: no number without its split."""
    split, augment = (_read(out / "metrics" / f"{name}.json") for name in ("split", "augment"))
    scheme, embargo = params["split"]["scheme"], params["split"].get("embargo")
    parts = [
        f"{scheme} ({', '.join(params['group']['by'])})" if scheme == "group" else scheme,
        f"{split['n_folds']} folds" if split["n_folds"] > 1 else "one holdout",
        *([f"embargo {embargo}"] if embargo else []),
    ]
    scores = [_read(path) for path in (out / "metrics" / "evaluate").glob("*.json")]
    groups, n_test = (max((one.get(key, 0) for one in scores), default=0) for key in ("n_groups", "n_test"))
    dealt = ", dealt after augmentation," if params.get("augment", {}).get("before_split") else ""
    shared = [f"{words(key).removeprefix('share ')} {value}" for key, value in leaks(split, augment).items()]
    unknown = split.get("n_without_patient", 0)
    return (
        f"Split: {', '.join(parts)}; {n_test} test images{dealt} in {groups} groups. "
        f"Test images that share with training or validation: {', '.join(shared)}"
        + (f"; {unknown} images name no patient, and may share one unseen." if unknown else ".")
    )


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def leaderboard(out: Path, origin: dict[str, Any], divided: str) -> str:
    """Return a Markdown table of the models in the order `compare` ranked them, values with their intervals.

    `divided` is the line above it that says how the images were divided. The last column says how a model stands
    against the recommended one, where the run named one.

    Raises:
        HemapipeError: `out` lacks the ranking, the metrics of a ranked model, or the recommended one's counts.
    """
    ranking = pd.read_csv(out / RANKING, keep_default_na=False) if (out / RANKING).exists() else pd.DataFrame()
    files = {str(name): out / "metrics" / "evaluate" / f"{name}.json" for name in ranking.get("model", [])}
    if not files or not all(path.exists() for path in files.values()):
        raise HemapipeError(f"{out} lacks {RANKING} or the metrics of a model in it: the run's stage `compare` failed")
    models = {name: _read(path) for name, path in files.items()}
    columns = [name for name in COLUMNS if any(name in metrics for metrics in models.values())]
    verdicts = dict(zip(models, ranking.get("verdict", [""] * len(models)), strict=True))
    last = ["against the recommended"] if any(verdicts.values()) else []
    titles = ["model", *[column.replace("_", " ") for column in columns], *last]
    lines = [
        f"# {origin['run']}",
        "",
        f"{origin['archive']} · commit {origin['commit'][:9]} · {origin['processor']}, {origin['cores']} cores, "
        f"{origin['device']} · {origin['seconds']} s. Research use only.",
        "",
        divided,
        "",
        "| " + " | ".join(titles) + " |",
        "|" + "---|" * len(titles),
    ]
    for name, metrics in models.items():
        cells = [name, *[cell(metrics, column) for column in columns], *[verdicts[name] for _ in last]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, *per_fold(out, ranking)]) + "\n"


def per_fold(out: Path, ranking: pd.DataFrame) -> list[str]:
    """Return the lines that give the recommended model's balanced accuracy in each fold, none of a single one."""
    recommended = ranking.loc[ranking.get("recommended", pd.Series(0, ranking.index)).astype(bool), "model"]
    if recommended.empty:
        return []
    if not (out / CONFUSIONS).exists():
        raise HemapipeError(f"{out} lacks {CONFUSIONS}: repeat the run's stage `compare`")
    counts = pd.read_csv(out / CONFUSIONS, keep_default_na=False)
    values = balanced_accuracies(counts[counts["model"].isin(recommended)])
    if len(values) < 2:
        return []
    each = ", ".join(f"{value:.3f}" for value in values)
    mean = f"mean {values.mean():.3f}, standard deviation {values.std():.3f} (the table pools the folds)"
    name = f"Balanced accuracy of {recommended.iloc[0]} fold by fold"
    return ["", f"{name}: {each}; {mean}. Counts: {CONFUSIONS}."]


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
