"""Rank the listed models, hold each against the recommended one, draw learning curves, record what the machine was."""

import json
from pathlib import Path

from hemapipe.core.params import derive_seed, load, lookup, read_params
from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots
from hemapipe.evaluation.compare_models import against, read_contenders
from hemapipe.evaluation.confusions import confusions
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.report import environment, leaderboard
from hemapipe.report.params import CompareParams
from hemapipe.report.times import write_times
from stages.run import run

OUT = Path("plots/compare")


def main() -> None:
    """Write metrics/compare.json, metrics/environment.json and plots/compare/."""
    params = read_params()
    models = leaderboard.listed(lookup(params, "cnn"), lookup(params, "classical"), lookup(params, "ensemble"))
    scores = leaderboard.read_metrics(Path("metrics/evaluate"), models)
    sizes = leaderboard.read_metrics(Path("metrics/train"), models)
    rank_by = load(CompareParams, "compare").rank_by
    recommended = json.loads(Path("metrics/choice.json").read_text("utf-8"))["recommended"]
    seed = derive_seed(lookup(params, "seed"), "evaluate")  # the resamples behind each model's own interval
    tested = read_contenders(Path("data"), list(models))
    pairs = against(tested, recommended, rank_by, load(EvaluateParams, "evaluate"), seed)
    table = leaderboard.build(models, scores, sizes, rank_by, recommended, pairs)

    write_table(pairs, OUT / "pairs.csv")
    write_table(confusions({name: model.rows for name, model in tested.items()}), OUT / "confusions.csv")
    write_table(table, OUT / "leaderboard.csv")
    plots.draw(leaderboard.paint, table, path=OUT / "leaderboard.png", size=(7.6, 1.1 + 0.3 * len(table)))
    (OUT / "learning_curves").mkdir(parents=True, exist_ok=True)  # an output, also of a run without networks
    for model in sorted(models):
        curves = Path(f"plots/train/{model}.csv")
        if curves.exists():  # networks have epochs, classical models none
            plots.learning_curves(curves, OUT / "learning_curves" / f"{model}.png")
    metrics = leaderboard.summarise(table, scores)
    write_json(metrics, "metrics/compare.json")
    write_json(environment.describe(), "metrics/environment.json")
    write_times()
    print(
        f"best of {len(table)}: {metrics['best_model']}, {rank_by} {table['value'].iloc[0]:.3f};"
        f" recommended: {recommended or 'none'}"
    )


if __name__ == "__main__":
    run(main)
