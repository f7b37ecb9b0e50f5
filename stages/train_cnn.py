"""Train one network on every fold and predict every sample: `python -m stages.train_cnn <row of cnn>`."""

import time
from pathlib import Path

from hemapipe.core import params
from hemapipe.core.tables import write_json, write_table
from hemapipe.training.cnn.params import CnnRow, TrainParams
from hemapipe.training.cnn.runner import Inputs, Job, train
from stages.run import run


def main(name: str) -> None:
    """Train the network of the row `name`."""
    began = time.perf_counter()
    row = params.load(CnnRow, f"cnn.{name}")
    recipe = params.resolve(params.load(TrainParams, "train_cnn"), row)
    values = params.read_params()
    job = Job(
        name=name,
        builder=row.builder,
        arch=row.arch or name,
        px=row.px,
        weights=row.weights,
        params=recipe,
        seed=params.lookup(values, "seed"),
        threads=params.lookup(values, "threads"),
    )
    data = Path("data")
    inputs = Inputs(data / "packed" / f"{row.px}.npy", data / "manifest.csv", data / "augment.csv")
    trained = train(job, inputs, data / "models" / name, data / "checkpoints")
    if trained is None:
        return  # a further process of several devices: the first one writes
    write_table(trained.predictions, data / "predictions" / f"{name}.csv")
    write_table(trained.curves, Path("plots") / "train" / f"{name}.csv")
    write_json(trained.metrics, Path("metrics") / "train" / f"{name}.json")
    timing = {"stage": "train_cnn", "name": name, "seconds": time.perf_counter() - began, **trained.timing}
    write_json(timing, data / "timing" / f"train_cnn-{name}.json")
    trained.progress.forget()


if __name__ == "__main__":
    run(main)
