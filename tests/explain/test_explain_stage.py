"""The stage on small trained models: what it writes, for networks, classical models and runs without weights."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
import classical_toy
import cnn_toy

from hemapipe.core.tables import GROUPS, write_table
from hemapipe.training.classical import runner as classical_runner
from hemapipe.training.cnn import runner as cnn_runner
from stages import explain

PARAMS = {
    "seed": 1,
    "threads": 1,
    "explain": {"n_images": 6, "steps": 2, "grid": 4, "dream_steps": 1, "n_repeats": 2, "n_resamples": 100},
    "extract_features": {"a": {"kind": "pixels", "px": 32}, "b": {"kind": "pixels", "px": 32}},
}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS))
    return tmp_path


def write_ties(data: Path) -> None:
    manifest = pd.read_csv(data / "manifest.csv", dtype=str)
    ids = manifest[["image_id"]]
    if not (data / "groups.csv").exists():
        write_table(ids.assign(group="g" + ids["image_id"].str[-1])[GROUPS], data / "groups.csv")
    write_table(ids.assign(near_repeat="", session=""), data / "ties.csv")


def outputs(name: str) -> tuple[dict, pd.DataFrame]:
    assert Path(f"plots/explain/{name}.png").stat().st_size > 500
    return json.loads(Path(f"metrics/explain/{name}.json").read_text()), pd.read_csv(f"plots/explain/{name}.csv")


@pytest.mark.parametrize("keep", ["fold0", "none"])
def test_a_network_is_explained_where_its_weights_were_kept(project, keep, capsys):
    data = project / "data"
    (data / "packed").mkdir(parents=True)
    inputs = cnn_toy.write_inputs(data)
    inputs.packed.rename(data / "packed/32.npy")
    write_ties(data)
    job = cnn_toy.job(epochs=1, keep_weights=keep)
    cnn_runner.train(job, inputs._replace(packed=data / "packed/32.npy"), data / "models/lenet", project / "resume")
    explain.main("lenet")
    metrics, table = outputs("lenet")
    if keep == "none":
        assert metrics == {"n_images": 0, "looks_at_background": 0, "background_tellable": 0}
        assert "kept no weights" in capsys.readouterr().out + table["note"].iloc[0]
        return
    assert metrics["n_images"] == 6 and metrics["looks_at_background"] in (0, 1)
    assert len(table) == 5 and np.isfinite(metrics["grad_cam_gain"])


def test_a_classical_model_is_explained(project, capsys):
    data = classical_toy.make_data(project / "data")
    write_ties(data)
    classical_runner.train(classical_toy.job(), data)
    explain.main("toy")
    metrics, table = outputs("toy")
    assert table["block"].to_list() == ["a", "b"]
    assert metrics["n_images"] == metrics["n_test"] == 30
    assert metrics["balanced_accuracy_lost_a"] > metrics["balanced_accuracy_lost_b"]
    assert "cannot be told" in capsys.readouterr().out  # no feature of theirs has a name
