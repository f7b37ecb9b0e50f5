"""Price what leaking is worth on these images, from the calls of two cheap models: `python -m stages.price_leakage`."""

import json
from pathlib import Path

from hemapipe.core.params import lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, TIES, classes, read_table, write_json, write_table
from hemapipe.evaluation import plots
from hemapipe.group.clusters import clusters
from hemapipe.leakage import picture, price
from hemapipe.leakage.facts import CALLS
from stages.run import run


def main() -> None:
    """Write metrics/leakage.json and plots/leakage.csv and .png."""
    values = read_params()
    n_resamples, seed = int(lookup(values, "evaluate.n_resamples")), int(lookup(values, "seed"))
    manifest = read_table("data/manifest.csv", MANIFEST)
    drawn = clusters(manifest, read_table("data/groups.csv", GROUPS), read_table("data/ties.csv", TIES))
    cluster_of = drawn.set_index("image_id")["group"]
    calls = read_table("data/leakage/calls.csv", CALLS)
    labels = manifest.set_index("image_id")["label"]
    facts = json.loads(Path("data/leakage/facts.json").read_text("utf-8"))
    metrics = facts | price.price(calls, labels, cluster_of, classes(manifest), n_resamples, seed)
    write_json(metrics, "metrics/leakage.json")
    write_table(price.to_table(metrics), "plots/leakage.csv")
    plots.draw(picture.paint, metrics, path=Path("plots/leakage.png"), size=(7.6, 2.3))
    print("\n".join(price.sentences(metrics)))


if __name__ == "__main__":
    run(main)
