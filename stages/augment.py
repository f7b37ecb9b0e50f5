"""Plan the samples of every fold into data/augment.csv: `python -m stages.augment`."""

import sys

import pandas as pd

from hemapipe.augment.params import AugmentParams
from hemapipe.augment.plan import plan, summarise
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import MANIFEST, SPLITS, read_table, write_json, write_table
from stages.run import run


def main() -> None:
    """Write the sample table and its counts."""
    params = load(AugmentParams, "augment")
    seed = int(lookup(read_params(), "seed"))
    labels = read_table("data/manifest.csv", MANIFEST).set_index("image_id")["label"]
    splits = read_table("data/splits.csv", SPLITS)
    table = (_before_split if params.before_split else plan)(splits, labels, params, seed)
    metrics = summarise(table, labels)
    if params.before_split:
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


if __name__ == "__main__":
    run(main)
