"""The stage: tables in, metrics, plots and the page out, the same whatever the number of processes."""

import dataclasses
import io
import json

import numpy as np
import pytest
import yaml
from audit_examples import inputs_of, people
from PIL import Image

from hemapipe import archive
from hemapipe.audit import command, core, figures, page, summary
from hemapipe.audit.probes import NAMES, Probe
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_table
from stages import audit as stage

PARAMS = {
    "seed": 1,
    "threads": 1,
    "download": {"source": "synthetic"},
    "audit": {"features": "lite0", "px": 64, "n_folds": 3, "n_resamples": 100},
    "extract_features": {
        "lite0": {
            "kind": "backbone",
            "builder": "timm",
            "arch": "tf_efficientnet_lite0",
            "weights": "scratch",
            "px": 64,
        },
        "pixels": {"kind": "pixels", "px": 64},
    },
}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace as the stages before leave it: nothing is labelled, so that no network has to run."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    rows = [{"patient": f"p{n % 4}", "sha256": f"s{n // 2}"} for n in range(8)]
    packed = random.integers(100, 200, (8, 64, 64, 3), dtype=np.uint8)
    inputs = inputs_of(rows, tmp_path, packed, random.normal(size=(8, 6)).astype(np.float32))
    for name in ("manifest", "groups", "ties", "near_repeats", "splits"):
        write_table(getattr(inputs, name), f"data/{name}.csv")
    for name, values in (("packed/64", packed), ("features/lite0", inputs.embedding)):
        path = tmp_path / "data" / f"{name}.npy"
        path.parent.mkdir()
        np.save(path, values)
    files = {path: encoded(image) for path, image in zip(inputs.manifest["path"], packed, strict=True)}
    archive.pack({}, tmp_path / "data/raw.zip", files)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    return tmp_path


def encoded(image):
    """Return an image as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_stage_writes_its_outputs(workspace, capsys):
    stage.main()
    metrics = json.loads((workspace / "metrics/audit.json").read_text())
    assert metrics["exact_repeats_n_sets"] == 4 and metrics["n_inflates"] >= 1
    assert "would inflate results: exact_repeats" in capsys.readouterr().out
    assert "Exact repeats" in (workspace / "report/audit.html").read_text()
    assert sorted(path.name for path in (workspace / "plots/audit").iterdir()) == [
        "probes.csv", "probes.png", "verdicts.csv",
    ]  # fmt: skip


def test_features_that_are_no_backbone_at_that_size_are_refused(workspace):
    values = PARAMS | {"audit": PARAMS["audit"] | {"features": "pixels"}}
    (workspace / "params.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(HemapipeError, match=r"must name a backbone at audit\.px, 64 px; pixels is pixels at 64 px"):
        stage.main()


def test_metrics_and_tables_of_the_probes(tmp_path):
    inputs = inputs_of(people(3), tmp_path)
    one = Probe(0.75, 0.5, 0.875, 0.5, "whole groups, 3 folds", np.arange(3), np.full((3, 2), 0.5), 3)
    found = core.Audit(inputs, [], dict.fromkeys(NAMES, one) | {"metadata_without_bytes": one})
    flat = summary.metrics(found)
    assert (flat["probe_border"], flat["probe_border_low"], flat["probe_chance"]) == (0.75, 0.5, 0.5)
    table = summary.probe_table(found)
    assert table["probe"].to_list() == list(NAMES) and table["high"].eq(0.875).all()
    assert "not judged" not in command.render(found) + page.render(found, "x")
    blind = dataclasses.replace(found, probes=dict.fromkeys(found.probes, dataclasses.replace(one, n_seen=1)))
    assert command.render(blind).count("not judged: no empty slide") == 2
    assert page.render(blind, "x").count("not judged, as most images show no empty slide") == 2
    for outcome, name in ((found, "some"), (dataclasses.replace(found, probes={}), "none")):
        figures.write(outcome, tmp_path / name)
        assert (tmp_path / name / "probes.png").read_bytes().startswith(b"\x89PNG")
