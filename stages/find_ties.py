"""Find near repeats and sessions and write data/ties.csv: `python -m stages.find_ties`."""

import numpy as np

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import MANIFEST, read_table, write_json, write_table
from hemapipe.ties import clusters, near, sessions, summary
from hemapipe.ties.params import TiesParams
from stages.run import run


def main() -> None:
    """Write what ties images together, the evidence for each pair, and their numbers."""
    params = load(TiesParams, "find_ties")
    n_jobs = int(lookup(read_params(), "threads"))
    manifest = read_table("data/manifest.csv", MANIFEST)
    rows = manifest.loc[manifest["status"] != "unreadable"].reset_index(drop=True)
    packed = np.load(f"data/packed/{params.px}.npy", mmap_mode="r")
    if len(packed) != len(rows):
        raise HemapipeError(
            f"data/packed/{params.px}.npy has {len(packed)} images, the manifest {len(rows)}: `dvc repro` packs anew"
        )
    features = np.load(f"data/features/{params.features}.npy", mmap_mode="r")
    pairs = near.find(packed, features, rows["sha256"].to_list(), params, n_jobs)
    session = sessions.find(rows, packed, params, n_jobs)
    table = summary.ties(rows, clusters.names(rows, pairs), session)
    write_table(table, "data/ties.csv")
    write_table(summary.near_repeats(rows, pairs), "data/near_repeats.csv")
    metrics = summary.metrics(rows, pairs, table)
    write_json(metrics, "metrics/ties.json")
    print(f"{metrics['n_near_repeats']} pairs of near repeats, {metrics['n_sessions']} sessions")


if __name__ == "__main__":
    run(main)
