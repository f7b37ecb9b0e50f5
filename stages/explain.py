"""Show what one model looks at, and check the showing: `python -m stages.explain <row of cnn or classical>`."""

import json
from pathlib import Path

from hemapipe.core.params import derive_seed, load, lookup, read_params
from hemapipe.core.tables import AUGMENT, GROUPS, MANIFEST, TIES, packed_rows, read_table
from hemapipe.explain import outcome, sample
from hemapipe.explain.params import ExplainParams
from hemapipe.group.clusters import clusters
from hemapipe.samples import load_samples
from stages.run import run

DATA = Path("data")


def main(name: str) -> None:
    """Write metrics/explain/<name>.json, plots/explain/<name>.csv and .png."""
    values, params = read_params(), load(ExplainParams, "explain")
    folder = DATA / "models" / name
    manifest = read_table(DATA / "manifest.csv", MANIFEST)
    drawn = clusters(manifest, read_table(DATA / "groups.csv", GROUPS), read_table(DATA / "ties.csv", TIES))
    rows = sample.held_out(load_samples(manifest, read_table(DATA / "augment.csv", AUGMENT)), manifest, drawn)
    seed, threads = derive_seed(lookup(values, "seed"), "explain", name), lookup(values, "threads")
    if not any(folder.glob(f"fold{sample.FOLD}.*")):
        found = outcome.nothing(outcome.NO_WEIGHTS)
    elif rows.empty:
        found = outcome.nothing(outcome.NO_IMAGES)
    elif "builder" in json.loads((folder / "model.json").read_text("utf-8")):
        from hemapipe.explain import from_network  # torch, which classical models need not wait for

        found = from_network.explain(name, DATA, rows, params, seed, threads)
    else:
        from hemapipe.explain import from_classical

        found = from_classical.explain(name, DATA, rows, len(packed_rows(manifest)), params, seed, threads)
    print(outcome.write(found, name, Path()))


if __name__ == "__main__":
    run(main)
