"""Learn what this run's images look like, so that prediction flags other pictures: `python -m stages.reject`."""

from pathlib import Path

import numpy as np

from hemapipe.core.params import derive_seed, load, lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, SPLITS, packed_rows, read_table, write_json
from hemapipe.features.store import read_features
from hemapipe.predict.prepare import FeatureSet
from hemapipe.reject.domain import save_domain
from hemapipe.reject.learn import learn, measure_refusal, rows_by_role
from hemapipe.reject.params import RejectParams
from stages.run import run


def main() -> None:
    """Write data/export/domain.npz and metrics/reject.json."""
    params = load(RejectParams, "reject")
    values = read_params()
    seed = derive_seed(lookup(values, "seed"), "reject")
    place = packed_rows(read_table("data/manifest.csv", MANIFEST))
    rows = rows_by_role(read_table("data/splits.csv", SPLITS), place)
    features = read_features(Path("data/features"), [params.features], len(place))
    extractor = FeatureSet(Path("data/export/features") / params.features, lookup(values, "threads"))
    packed = np.load(f"data/packed/{params.px}.npy", mmap_mode="r")
    groups = read_table("data/groups.csv", GROUPS).set_index("image_id")["group"].reindex(place.index).to_numpy(str)
    domain = learn(params, features, packed, rows, groups, seed)
    metrics = measure_refusal(domain, features, rows["test"], extractor, seed)
    save_domain(domain, Path("data/export/domain.npz"))
    write_json(metrics, "metrics/reject.json")
    print(
        f"of {metrics['n_strangers']} pictures that are no smears {metrics['refused']:.0%} are refused, AUROC "
        f"{metrics['auroc']:.3f}; of {metrics['n_test']} test images {metrics['test_refused']:.1%}"
    )


if __name__ == "__main__":
    run(main)
