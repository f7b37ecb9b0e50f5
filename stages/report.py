"""Write the whole run as one HTML page, and this machine's timings beside it."""

import json
from pathlib import Path

from hemapipe.core.params import load, lookup, read_params
from hemapipe.report import leaderboard
from hemapipe.report.page import Run, render, timings_script
from hemapipe.report.params import CompareParams
from stages.run import run

#: The sections of params.yaml the page prints; a new section of somebody's own does not remake it.
SECTIONS = (
    "seed", "threads", "download", "catalog", "preprocess", "extract_features", "group", "split", "augment",
    "train_cnn", "cnn", "train_classical", "classical", "evaluate", "compare",
)  # fmt: skip


def main() -> None:
    """Write report/index.html, and report/measured_here.js, which is nobody's output: times differ on every run."""
    params = read_params()
    shown = {name: lookup(params, name) for name in SECTIONS}
    models = leaderboard.listed(shown["cnn"], shown["classical"])
    scores = leaderboard.read_metrics(Path("metrics/evaluate"), models)
    sizes = leaderboard.read_metrics(Path("metrics/train"), models)
    flat = {name: _read(name) for name in ("catalog", "split", "augment", "environment")}
    table = leaderboard.build(models, scores, sizes, load(CompareParams, "compare").rank_by)
    page = Run(params=shown, scores=scores, sizes=sizes, leaderboard=table, plots=Path("plots"), **flat)

    out = Path("report")
    out.mkdir(exist_ok=True)
    (out / "index.html").write_text(render(page), "utf-8")
    (out / "measured_here.js").write_text(timings_script(Path("data/timing")), "utf-8")
    print(f"report/index.html: {len(models)} models, {(out / 'index.html').stat().st_size / 1e6:.1f} MB")


def _read(name: str) -> dict[str, object]:
    return json.loads(Path(f"metrics/{name}.json").read_text("utf-8"))


if __name__ == "__main__":
    run(main)
