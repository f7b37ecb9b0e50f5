"""Assign roles in every fold into data/splits.csv and count leaks: `python -m stages.split`."""

from hemapipe.calibrate.params import positive_classes
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, TIES, classes, read_table, write_json, write_table
from hemapipe.evaluation.names import require_distinct
from hemapipe.split.assign import split
from hemapipe.split.params import SplitParams
from stages.run import run


def main() -> None:
    """Write the splits and their metrics."""
    params, values = load(SplitParams, "split"), read_params()
    manifest, ties = read_table("data/manifest.csv", MANIFEST), read_table("data/ties.csv", TIES)
    # What would fail at the end is told before anything is trained.
    positive_classes(lookup(values, "calibrate.positive"), classes(manifest))
    require_distinct(classes(manifest))
    groups = read_table("data/groups.csv", GROUPS)
    splits, metrics = split(manifest, groups, params, int(lookup(values, "seed")), ties)
    write_table(splits, "data/splits.csv")
    write_json(metrics, "metrics/split.json")


if __name__ == "__main__":
    run(main)
