"""Fit two cheap models under an image split and the honest one: `python -m stages.train_leakage`."""

import time
from pathlib import Path

from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import write_json, write_table
from hemapipe.leakage.calls import Job, call
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.split.params import SplitParams
from stages.run import run


def main() -> None:
    """Write data/leakage/calls.csv and facts.json."""
    began = time.perf_counter()
    values = read_params()
    job = Job(
        params=load(PriceLeakageParams, "price_leakage"),
        split=load(SplitParams, "split"),
        seed=int(lookup(values, "seed")),
        threads=int(lookup(values, "threads")),
    )
    calls, facts = call(job, Path("data"))
    write_table(calls, "data/leakage/calls.csv")
    write_json(facts, "data/leakage/facts.json")
    timing = {"stage": "train_leakage", "name": "", "seconds": time.perf_counter() - began}
    write_json(timing, "data/timing/train_leakage.json")


if __name__ == "__main__":
    run(main)
