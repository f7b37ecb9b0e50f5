"""The table: claimed / recomputed from the printed matrix / ours under the published protocol / ours, honest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hemapipe.papers.claims import Claim, Paper
from hemapipe.papers.recompute import Recomputed, recompute
from hemapipe.papers.runs import PROTOCOLS, Ours, Run, find_runs, ours
from hemapipe.papers.verdict import Gap, gap, verdict

Runs = dict[str, list[Run]]
#: Paper → row of ours → the architecture it is to have.
Networks = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Row:
    """A claim beside one run of ours, shares of 1, None where there is none.

    `printed`: the claim with the digits it was printed with, "> 0.95" where the paper says no more than "above".
    `claimed_for`: the images it is of (test, validation, training or unstated); `where`: printed where, if in several.
    `run`, `row`: the folder in `results/` and the model there; `network`: its architecture, where it is not the one
    the paper's preset has. `gap`: published minus honest, in honest rows. `headline`: shown in the Markdown table.
    """

    paper: str
    model: str
    split: str
    metric: str
    claimed: float
    printed: str
    claimed_for: str
    where: str
    recomputed: float | None
    recomputed_note: str
    ours: float | None
    low: float | None
    high: float | None
    reduced: bool
    device: str | None
    run: str | None
    row: str | None
    stand_in: str | None
    network: str | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    verdict: str
    headline: bool


def rows(papers: dict[str, Paper], results_dir: Path, meant: Networks | None = None) -> list[dict[str, Any]]:
    """Return a row per claim, split (published, honest) and run that has it; one without result for none.

    Several rows of ours for a model of the paper, and runs on several archives, make several rows. Claims of single
    epochs are not among them (see epochs.py), nor what is printed besides. `meant`: see presets.networks.
    """
    found = []
    for name, paper in papers.items():
        runs = {split: find_runs(results_dir, name, split) for split in PROTOCOLS}
        for claim in paper.claims():
            if claim.epoch is None and not claim.also:
                of = _Context(paper, claim, runs, (meant or {}).get(name, {}), recompute(paper, claim.model))
                found += [asdict(row) for split in PROTOCOLS for row in _rows(of, split)]
    return found


def to_json(table: list[dict[str, Any]]) -> str:
    """Return the rows as JSON, with null where there is no result."""
    return json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(frozen=True)
class _Context:
    """What the rows of one claim are made of; `matrix`: what the model's printed matrix gives, as meant."""

    paper: Paper
    claim: Claim
    runs: Runs
    meant: dict[str, str]
    matrix: Recomputed | None

    @property
    def is_headline(self) -> bool:
        return self.claim.metric in self.paper.headline and self.claim.split in self.paper.headline_splits


def _rows(of: _Context, split: str) -> list[Row]:
    """Return the rows of a claim's split."""
    names = of.paper.rows.get(of.claim.model, [])
    # What a paper says of training or validation images is no figure of the test images: it has no row of ours.
    own = {"test", *of.paper.headline_splits}
    comparable = of.claim.split in own or of.claim.metric == "seconds_per_epoch"
    results = [(run, name) for run in of.runs[split] for name in names] if comparable else []
    values = [(run, name, ours(run, name, of.claim.metric, of.paper)) for run, name in results]
    found = [_row(of, split, run, name, value) for run, name, value in values if value is not None]
    return found or [_row(of, split, None, None, None)]


def _row(of: _Context, split: str, run: Run | None, name: str | None, value: Ours | None) -> Row:
    between = _gap(of, run, name, value) if split == "honest" else None
    network = run.networks.get(name) if run and name else None
    other = network if name and network != of.meant.get(name, network) else None
    return Row(
        paper=of.claim.paper,
        model=of.claim.model,
        split=split,
        metric=of.claim.metric,
        claimed=of.claim.claimed,
        printed=f"{'> ' if of.claim.above else ''}{of.claim.printed}",
        claimed_for=of.claim.split,
        where=of.claim.where,
        recomputed=of.matrix.metrics.get(of.claim.metric) if of.matrix else None,
        recomputed_note=of.matrix.note if of.matrix else "",
        ours=value.value if value else None,
        low=value.low if value else None,
        high=value.high if value else None,
        reduced=run.reduced if run else False,
        device=run.device if run else None,
        run=run.folder.name if run else None,
        row=name,
        stand_in=(run.stand_in or None) if run else None,
        network=other,
        gap=between.value if between else None,
        gap_low=between.low if between else None,
        gap_high=between.high if between else None,
        verdict=verdict(of.claim, run, value, between, other or ""),
        headline=of.is_headline,
    )


def _gap(of: _Context, run: Run | None, name: str | None, value: Ours | None) -> Gap | None:
    """Return the gap to the published twin: the run of the same archive and size, the same row."""
    twin = next((one for one in of.runs["published"] if run and one.variant == run.variant), None)
    if twin is None or name is None or value is None:
        return None
    published = ours(twin, name, of.claim.metric, of.paper)
    return gap(published, value) if published else None
