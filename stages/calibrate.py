"""Fit temperature and thresholds of one model on each fold's validation rows: `python -m stages.calibrate <model>`."""

from hemapipe.calibrate.folds import calibrate
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.core.params import load
from hemapipe.core.tables import MANIFEST, PREDICTIONS, read_table, write_json
from stages.run import run


def main(model: str) -> None:
    """Write data/calibration/<model>.json."""
    predictions = read_table(f"data/predictions/{model}.csv", PREDICTIONS)
    params = load(CalibrateParams, "calibrate")
    fitted = calibrate(predictions, read_table("data/manifest.csv", MANIFEST), params)
    write_json(fitted, f"data/calibration/{model}.json")
    print(f"{model}: temperature " + ", ".join(f"{fold['temperature']:.3g}" for fold in fitted["folds"].values()))


if __name__ == "__main__":
    run(main)
