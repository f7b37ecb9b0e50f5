"""Suggest a learning rate for one network: `python -m stages.find_lr <row of cnn>`."""

from pathlib import Path

from hemapipe.core.tables import write_json, write_table
from hemapipe.evaluation import plots
from hemapipe.training.lr_find import from_params, paint
from stages.run import run


def main(name: str) -> None:
    """Write metrics/lr/<name>.json and plots/lr/<name>.csv and .png."""
    curve = from_params(name, Path())
    write_json({"suggested_lr": curve.suggestion}, Path("metrics/lr") / f"{name}.json")
    write_table(curve.table, Path("plots/lr") / f"{name}.csv")
    plots.draw(paint, curve, path=Path("plots/lr") / f"{name}.png", size=(5, 2.8))
    print(f"{name}: suggested learning rate {curve.suggestion:.1e}")


if __name__ == "__main__":
    run(main)
