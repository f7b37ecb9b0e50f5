"""What a paper printed of its training, epoch by epoch, beside the curves of our published runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from hemapipe.papers.claims import Claim, Paper
from hemapipe.papers.runs import Run, find_runs

#: Metrics of the claims → the columns of `plots/train/<row>.csv`, training and validation.
CURVES = {"accuracy": ("train_accuracy", "val_accuracy"), "log_loss": ("train_loss", "val_loss")}
#: Roles in the order of `CURVES`. A paper that does not say which of them a number is of has it as `unstated`.
ROLES = ("training", "validation")
STEP = 5
TITLES = ("model", "epoch", "training accuracy, ours", "validation accuracy, ours", "accuracy, claimed",
          "training loss, ours", "validation loss, ours", "loss, claimed")  # fmt: skip


def followed(paper: Paper) -> dict[str, list[Claim]]:
    """Return the models whose training the paper printed, with those claims; {} where it names no epoch at all."""
    claims = [one for one in paper.claims() if one.metric in CURVES and (one.epoch or one.split in ROLES)]
    if not any(one.epoch for one in claims):
        return {}
    return {model: [one for one in claims if one.model == model] for model in dict.fromkeys(c.model for c in claims)}


def last_epoch(paper: Paper) -> int:
    """Return the last epoch of the paper's training: the one it states, else the last it printed a number of."""
    stated = paper.stated.get("epochs")
    printed = [one.epoch or 0 for one in paper.claims()]
    return max([*printed, 0 if stated is None or isinstance(stated, list) else int(stated)])


def read_curves(run_dir: Path, row: str) -> pd.DataFrame | None:
    """Return `fold, epoch` (from 1) and the four columns of `CURVES`, NaN where not measured; None without a file."""
    path = run_dir / "plots" / "train" / f"{row}.csv"
    if not path.exists():
        return None
    columns = [name for pair in CURVES.values() for name in pair]
    table = pd.read_csv(path).reindex(columns=["fold", "epoch", *columns])
    return table.assign(epoch=table["epoch"] + 1)


def over_folds(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the folds by epoch, as far as every fold went: a fold that stops does not move it."""
    by_epoch = curves.drop(columns="fold").groupby("epoch")
    return by_epoch.mean()[by_epoch.size() == curves["fold"].nunique()]


def tables(paper: Paper, results_dir: Path) -> list[str]:
    """Return a table in Markdown for each published run on the paper's own data that has curves of such a model."""
    runs = [run for run in find_runs(results_dir, paper.name, "published") if not run.stand_in]
    return [table for run in runs if (table := _table(paper, run))]


def _table(paper: Paper, run: Run) -> str:
    lines, n_folds = [], 0
    for model, claims in followed(paper).items():
        for row in paper.rows[model]:
            curves = read_curves(run.folder, row)
            if curves is not None:
                n_folds = max(n_folds, curves["fold"].nunique())
                lines += [_line(model, *cells) for cells in _epochs(paper, claims, over_folds(curves))]
    if not lines:
        return ""
    about = ", ".join(word for word in ("reduced" if run.reduced else "", run.device or "") if word)
    folds = f", mean over {n_folds} folds" if n_folds > 1 else ""
    title = f"Training of `{run.folder.name}`{f' ({about})' if about else ''} by epoch{folds}:"
    return "\n".join([title, "", "| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES), *lines])


def _epochs(paper: Paper, claims: list[Claim], ours: pd.DataFrame) -> Iterable[tuple[int, pd.Series, list[Claim]]]:
    """Yield every fifth epoch and the last of ours, and those of claims, each with our means and the claims.

    Ours are NaN beyond the end. A claim of no stated epoch stands at the paper's last one.
    """
    end, mine = last_epoch(paper), int(ours.index.max())
    shown = sorted({*range(STEP, mine + 1, STEP), mine, *(one.epoch or end for one in claims)})
    padded = ours.reindex(shown)
    for epoch in shown:
        yield epoch, padded.loc[epoch], [one for one in claims if (one.epoch or end) == epoch]


def _line(model: str, epoch: int, ours: pd.Series, claims: list[Claim]) -> str:
    cells = [model, str(epoch)]
    for metric, columns in CURVES.items():
        cells += ["–" if pd.isna(ours[name]) else f"{ours[name]:.3f}" for name in columns]
        cells.append(_claimed([one for one in claims if one.metric == metric]))
    return "| " + " | ".join(cells) + " |"


def _claimed(claims: list[Claim]) -> str:
    """Return the printed numbers with what they are of: those of this epoch, then those of no stated one."""
    of_epoch, others = ([one for one in claims if bool(one.epoch) == has_epoch] for has_epoch in (True, False))
    parts = [_by_role(of_epoch), f"epoch not said: {_by_role(others)}" if others else ""]
    return "; ".join(part for part in parts if part) or "–"


def _by_role(claims: list[Claim]) -> str:
    """Return numbers by role; several of one role as the first to the last."""
    kinds = {kind: [str(one.printed) for one in claims if one.split == kind] for kind in (*ROLES, "unstated", "test")}
    words = {"unstated": "training or validation"}
    return ", ".join(f"{' … '.join(values)} {words.get(kind, kind)}" for kind, values in kinds.items() if values)
