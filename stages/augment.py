"""Plan the samples of every fold into data/augment.csv: `python -m stages.augment`."""

import sys

import pandas as pd

from hemapipe.augment.params import AugmentParams
from hemapipe.augment.plan import plan, summarise
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, SPLITS, TIES, read_table, write_json, write_table
from stages.run import run


def main() -> None:
    """Write the sample table and its counts."""
    params = load(AugmentParams, "augment")
    seed = int(lookup(read_params(), "seed"))
    manifest = read_table("data/manifest.csv", MANIFEST)
    labels = manifest.set_index("image_id")["label"]
    splits = read_table("data/splits.csv", SPLITS)
    table = (_before_split if params.before_split else plan)(splits, labels, params, seed)
    metrics = summarise(table, labels)
    if params.before_split:
        metrics |= _leaks(table, manifest)
        print(
            f"WARNING: augment.before_split leaks. {metrics['leak_siblings']} test samples have a sibling, another "
            "variant of the same image, in training or validation. Scores will be too good.",
            file=sys.stderr,
        )
    write_table(table, "data/augment.csv")
    write_json(metrics, "metrics/augment.json")


def _before_split(splits: pd.DataFrame, labels: pd.Series, params: AugmentParams, seed: int) -> pd.DataFrame:
    from hemapipe.augment.before_split import plan_before_split  # imports scikit-learn: a second saved otherwise
    from hemapipe.split.params import SplitParams

    cut = load(SplitParams, "split")
    return plan_before_split(splits, labels, params, seed, cut.n_folds, cut.test_frac, cut.val_frac)


def _leaks(table: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, int]:
    """Count what the roles of samples leak: metrics/split.json counts those of images, which are then not used."""
    from hemapipe.split.leaks import SHARED, count_leaks, tied

    images = manifest[manifest["image_id"].isin(table["image_id"])]
    images = tied(images, read_table("data/groups.csv", GROUPS), read_table("data/ties.csv", TIES))
    rows = table.merge(images[["image_id", *SHARED.values()]], on="image_id")
    folds = [count_leaks(part, part["role"].to_numpy()) for _, part in rows.groupby("fold")]
    return {name: sum(fold[name] for fold in folds) for name in SHARED}


if __name__ == "__main__":
    run(main)
