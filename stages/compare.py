"""Rank the listed models, draw their learning curves, and record what the machine was."""

from pathlib import Path

from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots
from hemapipe.report import environment, leaderboard
from hemapipe.report.params import CompareParams
from stages.run import run

OUT = Path("plots/compare")


def main() -> None:
    """Write metrics/compare.json, metrics/environment.json and plots/compare/."""
    params = read_params()
    models = leaderboard.listed(lookup(params, "cnn"), lookup(params, "classical"))
    scores = leaderboard.read_metrics(Path("metrics/evaluate"), models)
    sizes = leaderboard.read_metrics(Path("metrics/train"), models)
    table = leaderboard.build(models, scores, sizes, load(CompareParams, "compare").rank_by)

    best = str(table.at[0, "model"])
    write_table(table, OUT / "leaderboard.csv")
    plots.draw(leaderboard.paint, table, path=OUT / "leaderboard.png", size=(7.6, 1.1 + 0.3 * len(table)))
    (OUT / "learning_curves").mkdir(parents=True, exist_ok=True)  # an output, also of a run without networks
    for model in sorted(models):
        curves = Path(f"plots/train/{model}.csv")
        if curves.exists():  # networks have epochs, classical models none
            plots.learning_curves(curves, OUT / "learning_curves" / f"{model}.png")
    metrics = leaderboard.summarise(table, scores[best])
    write_json(metrics, "metrics/compare.json")
    write_json(environment.describe(), "metrics/environment.json")
    print(f"best of {len(table)}: {best}, {metrics['rank_by']} {table['value'].iloc[0]:.3f}")


if __name__ == "__main__":
    run(main)
