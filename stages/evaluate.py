"""Score the test predictions of one model, each number with its interval over groups."""

import json
from pathlib import Path

from hemapipe.core.params import derive_seed, load, lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, PREDICTIONS, TIES, read_table, write_json
from hemapipe.evaluation import decisions, patients
from hemapipe.evaluation.evaluate import write_plots
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import scored_rows
from hemapipe.evaluation.summary import bracket, summarise
from hemapipe.group.clusters import clusters
from stages.run import run


def main(model: str) -> None:
    """Write metrics/evaluate/<model>.json and plots/evaluate/<model>/."""
    params = load(EvaluateParams, "evaluate")
    calibration = json.loads(Path(f"data/calibration/{model}.json").read_text("utf-8"))
    manifest = read_table("data/manifest.csv", MANIFEST)
    drawn = clusters(manifest, read_table("data/groups.csv", GROUPS), read_table("data/ties.csv", TIES))
    rows = scored_rows(read_table(f"data/predictions/{model}.csv", PREDICTIONS), calibration, manifest, drawn)
    # One seed for all models: they are resampled alike, so differences between them are not chance of the draw.
    seed = derive_seed(lookup(read_params(), "seed"), "evaluate")
    by_patient = patients.verdicts(rows, decisions.screening(rows, calibration), params)
    metrics = {
        **summarise(rows, params, seed),
        **decisions.summarise(rows, calibration, params, seed),
        **patients.summarise(by_patient, rows, params, seed),
    }
    write_json(metrics, f"metrics/evaluate/{model}.json")
    write_plots(rows, metrics, by_patient, params, Path(f"plots/evaluate/{model}"))
    print(
        f"{model}: balanced accuracy {metrics['balanced_accuracy']:.3f}{bracket(metrics, 'balanced_accuracy')}"
        f" over {metrics['n_test']} test rows of {metrics['n_groups']} groups"
    )


if __name__ == "__main__":
    run(main)
