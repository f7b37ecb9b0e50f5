"""Measure what leaking is worth on these images, with two cheap models: `python -m stages.price_leakage`."""

import time
from pathlib import Path

from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots
from hemapipe.leakage import picture, price
from hemapipe.leakage.measure import Job, measure
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.split.params import SplitParams
from stages.run import run


def main() -> None:
    """Write metrics/leakage.json and plots/leakage.csv and .png."""
    began = time.perf_counter()
    values = read_params()
    job = Job(
        params=load(PriceLeakageParams, "price_leakage"),
        split=load(SplitParams, "split"),
        n_resamples=int(lookup(values, "evaluate.n_resamples")),
        seed=int(lookup(values, "seed")),
        threads=int(lookup(values, "threads")),
    )
    metrics = measure(job, Path("data"))
    write_json(metrics, "metrics/leakage.json")
    write_table(price.to_table(metrics), "plots/leakage.csv")
    plots.draw(picture.paint, metrics, path=Path("plots/leakage.png"), size=(7.6, 2.3))
    timing = {"stage": "price_leakage", "name": "", "seconds": time.perf_counter() - began}
    write_json(timing, "data/timing/price_leakage.json")
    print("\n".join(price.sentences(metrics)))


if __name__ == "__main__":
    run(main)
