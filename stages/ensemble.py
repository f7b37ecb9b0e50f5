"""Combine three models into one: `python -m stages.ensemble <row>`."""

from pathlib import Path

from hemapipe.core.params import load
from hemapipe.core.tables import GROUPS, MANIFEST, read_table, write_json, write_table
from hemapipe.ensemble.combine import combine
from hemapipe.ensemble.members import load_members
from hemapipe.ensemble.params import EnsembleRow
from hemapipe.predict.card import ModelCard
from stages.run import run


def main(name: str) -> None:
    """Write predictions, metrics and the exported card of the row `name` of `ensemble`."""
    row = load(EnsembleRow, f"ensemble.{name}")
    data = Path("data")
    manifest, groups = read_table(data / "manifest.csv", MANIFEST), read_table(data / "groups.csv", GROUPS)
    members = load_members(name, row.of, data, manifest, groups)
    combined = combine(row.kind, members)
    write_table(combined.predictions, data / "predictions" / f"{name}.csv")
    write_json(combined.metrics, Path("metrics") / "train" / f"{name}.json")
    card = ModelCard(
        name=name,
        family="ensemble",
        kind=row.kind,
        classes=members.class_names,
        of=members.names,
        weights=combined.weights,
    )
    card.save(data / "export" / "models" / name)
    print(f"{name}: {row.kind} of {', '.join(row.of)}, {members.n_left_out} test rows left out")


if __name__ == "__main__":
    run(main)
