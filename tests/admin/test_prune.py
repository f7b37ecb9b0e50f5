"""What is no longer listed goes, everything else stays, byte for byte."""

from pathlib import Path

import pytest

from hemapipe.admin.pipeline import NamedOutputs, parse_pipeline, read_pipeline
from hemapipe.admin.prune import prune, prune_lock
from hemapipe.core.errors import HemapipeError

DVC = """\
stages:
  split:
    cmd: x
    outs: [data/splits.csv]
    metrics:
      - metrics/split.json: {cache: false}
  pack:
    foreach: ${preprocess.px}
    do: {cmd: x, outs: ["data/packed/${item}.npy"]}
  train_cnn:
    foreach: ${cnn}
    do:
      cmd: x
      outs:
        - data/models/${key}
        - plots/train/${key}.csv: {cache: false}
        - plots/evaluate/${key}/roc.csv: {cache: false}
      metrics:
        - metrics/train/${key}.json: {cache: false}
  train_classical: &train
    foreach: ${classical}
    do:
      cmd: x
      outs:
        - data/models/${key}
      metrics:
        - metrics/train/${key}.json: {cache: false}
"""
PARAMS = """\
preprocess: {px: [64, 128]}
cnn: {lenet: {px: 64}}
classical: {rf: {kind: random_forest}}
"""
LOCK = """\
schema: '2.0'
stages:
  split:
    cmd: x
    outs:
    - path: data/splits.csv
      hash: md5
      md5: '1'
  train_cnn@lenet:
    cmd: x
  train_cnn@old:
    cmd: x
    deps:
    - path: data/packed/64.npy
  train_classical@rf:
    cmd: x
  pack@32:
    cmd: x
"""
KEPT = [
    "data/packed/64.npy", "data/packed/128.npy", "data/models/lenet/fold0.safetensors", "data/models/rf/fold0.skops",
    "data/models/.gitignore", "data/splits.csv", "metrics/split.json", "metrics/train/lenet.json",
    "metrics/train/notes.txt", "plots/train/lenet.csv", "plots/train/lenet.png", "plots/evaluate/lenet/roc.csv",
    "data/timing/train_cnn-lenet.json",
    "data/timing/split.json", "data/checkpoints/lenet-0a1b/fold0.ckpt",
]  # fmt: skip
STALE = [
    "data/packed/32.npy", "data/models/old/fold0.safetensors", "metrics/train/old.json", "plots/train/old.csv",
    "plots/evaluate/old/roc.csv", "data/timing/train_cnn-old.json", "data/checkpoints/old-net-0a1b/fold0.ckpt",
]  # fmt: skip


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "dvc.lock").write_text(LOCK)
    for name in KEPT + STALE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_a_table_that_stands_twice_removes_nothing(project):
    """Pasted below, a second `cnn` would replace the first, and all its outputs would be stale."""
    before = sorted(path for path in project.rglob("*"))
    (project / "params.yaml").write_text(PARAMS + "cnn:\n  mine: {px: 64}\n")
    with pytest.raises(HemapipeError, match=r"params.yaml is not valid YAML: the key 'cnn' stands twice, in lines"):
        prune(project)
    assert sorted(path for path in project.rglob("*")) == before


def test_stages_and_names_are_those_dvc_resolves():
    pipeline = parse_pipeline(DVC, PARAMS)
    assert pipeline.stages == {"split", "pack@64", "pack@128", "train_cnn@lenet", "train_classical@rf"}
    assert pipeline.outputs[NamedOutputs("data/models/", "", "")] == {"lenet", "rf"}
    assert pipeline.outputs[NamedOutputs("data/packed/", "", ".npy")] == {"64", "128"}


def test_the_real_pipeline_is_read_as_dvc_reads_it():
    from dvc.repo import Repo

    root = Path(__file__).resolve().parents[2]
    with Repo(str(root)) as repo:
        resolved = {stage.addressing for stage in repo.index.stages if getattr(stage, "cmd", None)}
    assert read_pipeline(root).stages == resolved


def test_prune_removes_what_is_unlisted_and_nothing_else(project):
    removed = prune(project)
    assert removed == [
        "data/checkpoints/old-net-0a1b", "data/models/old", "data/packed/32.npy", "data/timing/train_cnn-old.json",
        "metrics/train/old.json", "plots/evaluate/old", "plots/train/old.csv",
        "dvc.lock: pack@32", "dvc.lock: train_cnn@old",
    ]  # fmt: skip
    assert all((project / name).exists() for name in KEPT)
    assert not any((project / name).exists() for name in STALE)
    assert prune(project) == []


def test_dry_run_only_says(project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert len(prune(project, dry_run=True)) == 9
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_the_lock_keeps_its_bytes():
    kept, removed = prune_lock(LOCK, parse_pipeline(DVC, PARAMS).stages)
    assert removed == ["pack@32", "train_cnn@old"]
    assert kept == LOCK.replace("  pack@32:\n    cmd: x\n", "").replace(
        "  train_cnn@old:\n    cmd: x\n    deps:\n    - path: data/packed/64.npy\n", ""
    )
    assert prune_lock("", frozenset()) == ("", [])


def test_linked_outputs_are_unlinked_not_followed(project):
    target = project / "elsewhere"
    target.mkdir()
    (target / "precious").write_text("x")
    (project / "data/models/linked").symlink_to(target)
    assert "data/models/linked" in prune(project)
    assert (target / "precious").exists()


def test_no_repository_is_an_error(tmp_path, project):
    with pytest.raises(HemapipeError, match="run from the root"):
        prune(tmp_path / "data")
    (project / "params.yaml").write_text("preprocess: {px: []}\ncnn: {}\n")
    with pytest.raises(HemapipeError, match="'classical'"):
        prune(project)
