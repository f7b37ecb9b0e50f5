"""The table: claimed / recomputed from the printed matrix / ours under the published protocol / ours, honest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hemapipe.papers.claims import Claim, Paper
from hemapipe.papers.recompute import recompute
from hemapipe.papers.runs import PROTOCOLS, Ours, Run, find_runs, ours
from hemapipe.papers.verdict import Gap, gap, verdict

Runs = dict[str, list[Run]]


@dataclass(frozen=True)
class Row:
    """A claim beside one run of ours, shares of 1, None where there is none.

    `run`, `row`: the folder in `results/` and the model there. `gap`: published minus honest, in honest rows.
    """

    paper: str
    model: str
    split: str
    metric: str
    claimed: float
    recomputed: float | None
    ours: float | None
    low: float | None
    high: float | None
    reduced: bool
    device: str | None
    run: str | None
    row: str | None
    stand_in: str | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    verdict: str


def rows(papers: dict[str, Paper], results_dir: Path) -> list[dict[str, Any]]:
    """Return a row per headline claim, split (published, honest) and run that has it; one without result for none.

    Several rows of ours for a model of the paper, and runs on several archives, make several rows.
    """
    found = []
    for name, paper in papers.items():
        runs = {split: find_runs(results_dir, name, split) for split in PROTOCOLS}
        for claim in headline(paper):
            found += [asdict(row) for split in PROTOCOLS for row in _rows(paper, claim, split, runs)]
    return found


def to_json(table: list[dict[str, Any]]) -> str:
    """Return the rows as JSON, with null where there is no result."""
    return json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def headline(paper: Paper) -> list[Claim]:
    """Return the claims that get rows: headline metrics, of whole runs, not printed besides."""
    return [
        claim
        for claim in paper.claims()
        if claim.metric in paper.headline
        and claim.split in paper.headline_splits
        and claim.epoch is None
        and not claim.also
    ]


def recomputed(paper: Paper, claim: Claim) -> float | None:
    """Return the metric by the printed matrix, as meant; None where there is no matrix, or it does not hold it."""
    of = recompute(paper, claim.model)
    return None if of is None else of.metrics.get(claim.metric)


def _rows(paper: Paper, claim: Claim, split: str, runs: Runs) -> list[Row]:
    """Return the rows of a claim's split."""
    names = paper.rows.get(claim.model, [])
    results = [(run, name, ours(run, name, claim.metric, paper)) for run in runs[split] for name in names]
    found = [_row(paper, claim, split, *result, runs) for result in results if result[2] is not None]
    return found or [_row(paper, claim, split, None, None, None, runs)]


def _row(
    paper: Paper, claim: Claim, split: str, run: Run | None, name: str | None, value: Ours | None, runs: Runs
) -> Row:
    between = _gap(paper, claim, run, name, value, runs) if split == "honest" else None
    return Row(
        paper=claim.paper,
        model=claim.model,
        split=split,
        metric=claim.metric,
        claimed=claim.claimed,
        recomputed=recomputed(paper, claim),
        ours=value.value if value else None,
        low=value.low if value else None,
        high=value.high if value else None,
        reduced=run.reduced if run else False,
        device=run.device if run else None,
        run=run.folder.name if run else None,
        row=name,
        stand_in=(run.stand_in or None) if run else None,
        gap=between.value if between else None,
        gap_low=between.low if between else None,
        gap_high=between.high if between else None,
        verdict=verdict(claim, run, value, between),
    )


def _gap(paper: Paper, claim: Claim, run: Run | None, name: str | None, value: Ours | None, runs: Runs) -> Gap | None:
    """Return the gap to the published twin: the run of the same archive and size, the same row."""
    twin = next((one for one in runs["published"] if run and one.variant == run.variant), None)
    if twin is None or name is None or value is None:
        return None
    published = ours(twin, name, claim.metric, paper)
    return gap(published, value) if published else None
