"""Fit one classical model on every fold and predict every sample: `python -m stages.train_classical <row>`."""

import time
from pathlib import Path

from hemapipe.core import params
from hemapipe.core.tables import write_json, write_table
from hemapipe.training.classical.params import ClassicalRow, TrainClassicalParams
from hemapipe.training.classical.runner import Job, train
from stages.run import run


def main(name: str) -> None:
    """Fit the row `name` of `classical`."""
    began = time.perf_counter()
    row = params.load(ClassicalRow, f"classical.{name}")
    values = params.read_params()
    job = Job(
        name=name,
        kind=row.kind,
        features=row.features,
        args=row.args,
        grid=row.grid,
        params=params.resolve(params.load(TrainClassicalParams, "train_classical"), row),
        seed=params.lookup(values, "seed"),
        threads=params.lookup(values, "threads"),
    )
    data = Path("data")
    trained = train(job, data)
    write_table(trained.predictions, data / "predictions" / f"{name}.csv")
    write_json(trained.metrics, Path("metrics") / "train" / f"{name}.json")
    timing = {"stage": "train_classical", "name": name, "seconds": time.perf_counter() - began, **trained.timing}
    write_json(timing, data / "timing" / f"train_classical-{name}.json")
    shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in trained.metrics.items()}
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in shown.items()))


if __name__ == "__main__":
    run(main)
