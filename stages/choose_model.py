"""Name the model to recommend by its validation rows, before any test row is scored."""

from pathlib import Path

from hemapipe.core.params import lookup, read_params
from hemapipe.core.tables import MANIFEST, PREDICTIONS, read_table, write_json
from hemapipe.evaluation.choose import choose
from hemapipe.report.leaderboard import listed
from stages.run import run

DATA = Path("data")


def main() -> None:
    """Write metrics/choice.json."""
    params = read_params()
    models = listed(lookup(params, "cnn"), lookup(params, "classical"), lookup(params, "ensemble"))
    predictions = {name: read_table(DATA / "predictions" / f"{name}.csv", PREDICTIONS) for name in models}
    choice = choose(predictions, read_table(DATA / "manifest.csv", MANIFEST))
    write_json(choice, "metrics/choice.json")
    name = choice["recommended"]
    print(f"recommended: {name}, validation {choice['metric']} {choice[name]:.3f}" if name else choice["note"])


if __name__ == "__main__":
    run(main)
