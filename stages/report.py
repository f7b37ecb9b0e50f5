"""Write the whole run as one HTML page, a card per model, and this machine's timings beside them."""

import json
from pathlib import Path

import pandas as pd

from hemapipe import sources
from hemapipe.core.params import load, lookup, read_params
from hemapipe.report import leaderboard
from hemapipe.report.cards import More, write_cards
from hemapipe.report.page import Run, render
from hemapipe.report.params import CompareParams
from hemapipe.report.times import write_times
from stages.run import run

#: The sections of params.yaml the page prints; a new section of somebody's own does not remake it.
SECTIONS = (
    "seed", "threads", "download", "catalog", "preprocess", "extract_features", "find_ties", "group", "split",
    "augment", "train_cnn", "cnn", "train_classical", "classical", "ensemble", "calibrate", "evaluate", "price_leakage",
    "audit", "explain", "compare",
)  # fmt: skip
PAIRS = Path("plots/compare/pairs.csv")


def main() -> None:
    """Write report/index.html and report/cards/.

    Beside them report/measured_here.js, which is nobody's output: times differ on every run.
    """
    params = read_params()
    shown = {name: lookup(params, name) for name in SECTIONS if name in params}
    models = leaderboard.listed(shown["cnn"], shown["classical"], shown.get("ensemble"))
    scores = leaderboard.read_metrics(Path("metrics/evaluate"), models)
    sizes = leaderboard.read_metrics(Path("metrics/train"), models)
    flat = {name: _read(name) for name in ("catalog", "split", "augment", "environment")}
    # Not every run has these: an experiment may stop before them, and results of older versions lack them.
    flat |= {name: _read(name, optional=True) for name in ("leakage", "choice", "ties", "audit")}
    explained = [name for name in models if Path(f"metrics/explain/{name}.json").exists()]
    found = {name: _read(f"explain/{name}") for name in explained}
    pairs = pd.read_csv(PAIRS) if PAIRS.exists() else None
    rank_by = load(CompareParams, "compare").rank_by
    table = leaderboard.build(models, scores, sizes, rank_by, str(flat["choice"].get("recommended", "")), pairs)
    page = Run(params=shown, scores=scores, sizes=sizes, leaderboard=table, plots=Path("plots"), explain=found, **flat)

    out = Path("report")
    out.mkdir(exist_ok=True)
    (out / "index.html").write_text(render(page), "utf-8")
    write_cards(page, _more(shown["download"]["source"], models), out / "cards")
    write_times(out)
    print(f"report/index.html: {len(models)} models, {(out / 'index.html').stat().st_size / 1e6:.1f} MB")


def _more(source: str, models: dict[str, str]) -> More:
    """Return what only the cards tell; runs that stopped early, and older ones, lack some of it."""
    module = sources.load(source)
    facts = {key: str(getattr(module, key.upper())) for key in ("name", "title", "licence", "homepage", "citation")}
    export = {name: _read(f"export/{name}") for name in models if Path(f"metrics/export/{name}.json").exists()}
    return More(facts, export, _read("reject", optional=True))


def _read(name: str, optional: bool = False) -> dict[str, object]:
    path = Path(f"metrics/{name}.json")
    return {} if optional and not path.exists() else json.loads(path.read_text("utf-8"))


if __name__ == "__main__":
    run(main)
