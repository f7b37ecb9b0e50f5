"""The table and the findings as Markdown: published and honest side by side, one section per paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hemapipe.core.errors import HemapipeError
from hemapipe.papers import epochs, variants
from hemapipe.papers.claims import Paper
from hemapipe.papers.findings import Finding

#: Between them `hemapipe papers table --into` puts the text.
MARKS = ("<!-- hemapipe papers table -->", "<!-- end -->")
TITLES = ("model", "metric", "claimed", "recomputed", "published, ours", "honest, ours", "run", "verdict")


def render(papers: dict[str, Paper], table: list[dict[str, Any]], findings: list[Finding], results_dir: Path) -> str:
    """Return the whole document; `table` from `table.rows`, `findings` from `checks.find`.

    Behind a paper's table: its training epoch by epoch, and variants of it, where `results_dir` has such runs.
    """
    parts = []
    table = [row for row in table if row["headline"]]
    for name, paper in papers.items():
        more = [*epochs.tables(paper, results_dir), variants.table(paper, results_dir)]
        parts.append(_paper(name, paper, table, findings, [one for one in more if one]))
    between = [one for one in findings if one.paper not in papers]
    if between:
        parts.append("\n".join(["### Between papers", "", *_listed(between)]))
    return "\n\n".join(parts) + "\n"


def put_into(path: Path, text: str) -> None:
    """Replace what stands between `MARKS` in a Markdown file.

    Raises:
        HemapipeError: the file is missing, or has not each mark once.
    """
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    begin, end = MARKS
    if content.count(begin) != 1 or content.count(end) != 1:
        raise HemapipeError(f"{path} must hold the lines {begin!r} and {end!r}, once each: the text goes between them")
    before, rest = content.split(begin)
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def render_table(table: list[dict[str, Any]]) -> str:
    """Return one Markdown table, a line per claim and pair of runs."""
    lines = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    return "\n".join([*lines, *(_line(pair) for pair in pairs(table))])


def pairs(table: list[dict[str, Any]]) -> list[dict[str, dict[str, Any]]]:
    """Return published and honest rows of one claim, our row and variant of run together, in the order of the table.

    A split without result joins the runs of the other one, so that it shows as a gap in their line.
    """
    found: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in table:
        found.setdefault((*_claim(row), row["row"], variant(row)), {})[row["split"]] = row
    filled = {key[:4] for key in found if key[4] is not None}
    return [pair for key, pair in found.items() if key[4] is not None or key[:4] not in filled]


def variant(row: dict[str, Any]) -> str | None:
    """Return what a run's name has behind paper and split; None without a run."""
    run = row["run"]
    return None if run is None else run.removeprefix(f"{row['paper']}-{row['split']}").removeprefix("-")


def _claim(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["paper"], row["model"], row["metric"], row["claimed"]


def _line(pair: dict[str, dict[str, Any]]) -> str:
    first = next(iter(pair.values()))
    several = [f"{split}: {row['verdict']}" for split, row in pair.items() if row["run"]]
    cells = [
        first["model"],
        first["metric"].replace("_", " "),
        first["printed"],
        _recomputed(first),
        _interval(pair.get("published")),
        _interval(pair.get("honest")),
        _about(first),
        "; ".join(several) or "no result",
    ]
    return "| " + " | ".join(cells) + " |"


def _about(row: dict[str, Any]) -> str:
    """Return our row (with the network in its place), the stand-in, whether reduced, and the device."""
    model = f"{row['row']} = {row['network']}" if row["network"] else row["row"]
    words = [model, row["stand_in"], "reduced" if row["reduced"] else None, row["device"]]
    return ", ".join(word for word in words if word) or "–"


def _interval(row: dict[str, Any] | None) -> str:
    if row is None or row["ours"] is None:
        return "–"
    ends = "" if row["low"] is None or row["high"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{row['ours']:.3f}{ends}"


def _recomputed(row: dict[str, Any]) -> str:
    if row["recomputed"] is None:
        return "–"
    return f"{row['recomputed']:.4f}" + (f" ({row['recomputed_note']})" if row["recomputed_note"] else "")


def _paper(name: str, paper: Paper, table: list[dict[str, Any]], findings: list[Finding], more: list[str]) -> str:
    lines = [f"### {name}", "", f"{paper.title}. {paper.where}. Data: {paper.data}.", ""]
    lines += [render_table([row for row in table if row["paper"] == name])]
    lines += [line for one in more for line in ("", one)]
    wrong = [*_listed([one for one in findings if one.paper == name]), *(f"- {remark}" for remark in paper.remarks)]
    return "\n".join([*lines, *(["", "What does not add up:", "", *wrong] if wrong else [])])


def _listed(findings: list[Finding]) -> list[str]:
    return [f"- **{one.what}.** {one.arithmetic}" for one in findings]
