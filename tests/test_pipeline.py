"""dvc.yaml itself: what it declares is what the stages do, and a tiny run of the whole graph behaves as promised.

The tiny run and what is asked of it are slow: after a change to a stage, `make test-slow TESTS=tests/test_pipeline.py`.
"""

import re
import shutil
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_project import ROOT, make_tiny_project, run, set_params, succeed


@pytest.fixture(scope="session")
def stages() -> dict:
    """Every stage of the real dvc.yaml as DVC resolves it: address → stage."""
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        return {stage.addressing: stage for stage in repo.index.stages if hasattr(stage, "cmd") and stage.cmd}


@pytest.fixture(scope="session")
def leaves() -> dict[str, object]:
    """Every leaf of params.yaml by its dotted name; rows of the model and feature tables count as leaves."""
    tables = {"cnn", "classical", "ensemble", "extract_features"}
    found = {}

    def walk(prefix, value):
        parts = prefix.split(".")
        if isinstance(value, dict) and not (len(parts) == 2 and parts[0] in tables):
            for key, child in value.items():
                walk(f"{prefix}.{key}" if prefix else key, child)
        else:
            found[prefix] = value

    walk("", yaml.safe_load((ROOT / "params.yaml").read_text()))
    return found


def declared_params(stage) -> set[str]:
    return {name for dep in stage.params for name in dep.params}


def covers(declared: set[str], name: str) -> bool:
    return any(name == one or name.startswith(one + ".") for one in declared)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> tuple[Path, Path]:
    """A tiny project after one `dvc repro`, and the folder with what each stage run read and imported."""
    folder, trace = tmp_path_factory.mktemp("tiny"), tmp_path_factory.mktemp("trace")
    project = make_tiny_project(folder)
    succeed("dvc repro", project, HEMAPIPE_TRACE=str(trace))
    return project, trace


def traced(trace: Path, kind: str) -> dict[str, set[str]]:
    found = defaultdict(set)
    for file in trace.iterdir():
        for line in file.read_text().splitlines():
            if line.startswith(kind + " "):
                found[file.name].add(line.split(" ", 1)[1])
    return found


def stage_of(stages: dict, run_name: str):
    """The stage whose command left the trace `run_name` ('train_cnn-lenet' for `python -m stages.train_cnn lenet`)."""
    wanted = "python -m stages." + run_name.replace("-", " ", 1)
    return next(stage for stage in stages.values() if wanted in commands(stage))


def commands(stage) -> list[str]:
    return [stage.cmd] if isinstance(stage.cmd, str) else stage.cmd


def tiny_stages(project: Path) -> dict:
    from dvc.repo import Repo

    with Repo(str(project)) as repo:
        return {stage.addressing: stage for stage in repo.index.stages}


def test_every_stage_is_described(stages):
    assert len(stages) > 30
    assert not [name for name, stage in stages.items() if not stage.desc or len(stage.desc) < 20]


def test_every_dependency_exists_or_is_made(stages):
    outs = {out.def_path for stage in stages.values() for out in stage.outs}
    for name, stage in stages.items():
        for dep in stage.deps:
            if not dep.def_path or dep.def_path == "params.yaml":
                continue
            made = any(o == dep.def_path or o.startswith(dep.def_path + "/") for o in outs)
            assert made or (ROOT / dep.def_path).exists(), f"{name} depends on {dep.def_path}, which nothing makes"


def test_every_declared_param_exists(stages, leaves):
    for name, stage in stages.items():
        for key in declared_params(stage):
            assert any(covers({key}, leaf) for leaf in leaves), f"{name} declares {key}, not in params.yaml"


def test_every_leaf_is_declared_somewhere(stages, leaves):
    # The report shows every section; that is not yet a use.
    declared = set().union(*(declared_params(stage) for name, stage in stages.items() if name != "report"))
    inactive = {f"download.{source}" for source in ("taleqani", "cnmc", "folder")}
    unused = [leaf for leaf in leaves if not covers(declared | inactive | {"preprocess.px", "find_lr"}, leaf)]
    assert not unused, f"no stage depends on {unused}"


def test_pipeline_stays_readable():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) < 350


@pytest.mark.slow
def test_keys_read_are_declared(tiny):
    project, trace = tiny
    known = tiny_stages(project)
    for run_name, keys in traced(trace, "param").items():
        stage = stage_of(known, run_name)
        # `foreach` lists are what the graph is made of; DVC sees their changes as stages that come and go.
        undeclared = {key for key in keys - {"preprocess.px"} if not covers(declared_params(stage), key)}
        assert not undeclared, f"{stage.addressing} reads {sorted(undeclared)} but does not declare them"


@pytest.mark.slow
def test_declared_keys_are_used_by_the_code_the_stage_imports(tiny):
    """A typed section declares every key; that is no use, so `params.py` files do not count."""
    project, trace = tiny
    known = tiny_stages(project)
    ran, files = {}, defaultdict(set)
    for run_name, modules in traced(trace, "module").items():
        stage = stage_of(known, run_name)
        ran[stage.addressing] = stage
        files[stage.addressing] |= {f"stages/{run_name.split('-')[0]}.py", *modules}
    for address, stage in ran.items():
        if address == "report":  # prints whole sections
            continue
        code = "\n".join((project / name).read_text() for name in files[address] if not name.endswith("params.py"))
        for key in declared_params(stage):
            section, _, leaf = key.rpartition(".")
            tables = {"cnn", "classical", "ensemble"}
            row_or_table = section in tables | {"extract_features", "download"} or key in tables
            used = row_or_table or re.search(rf"\.{leaf}\b|\"{leaf}\"|\"{key}\"", code)
            assert used, f"{address} declares {key}, but nothing it imports uses it"


@pytest.mark.slow
def test_imports_lie_within_the_dependencies(tiny):
    project, trace = tiny
    known = tiny_stages(project)
    free = {"src/hemapipe/__init__.py"}
    for run_name, modules in traced(trace, "module").items():
        stage = stage_of(known, run_name)
        deps = {dep.def_path for dep in stage.deps}
        packages = {name for name in modules if name.endswith("/__init__.py") and _is_empty_package(project / name)}
        outside = {
            name for name in modules - free - packages if not any(name == d or name.startswith(d + "/") for d in deps)
        }
        assert not outside, f"{stage.addressing} imports {sorted(outside)}, not among its deps"


def _is_empty_package(path: Path) -> bool:
    """A package file with nothing but its docstring cannot change a result."""
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    return len(lines) <= 1 or (
        lines[0].startswith('"""') and lines[-1].endswith('"""') and "import" not in path.read_text()
    )


@pytest.mark.slow
def test_second_repro_runs_nothing(tiny):
    project, _ = tiny
    assert "Running stage" not in succeed("dvc repro", project)


@pytest.mark.slow
def test_two_runs_are_equal(tiny, tmp_path):
    project, _ = tiny
    again = make_tiny_project(tmp_path)
    succeed("dvc repro", again)
    assert (again / "dvc.lock").read_text() == (project / "dvc.lock").read_text()


@pytest.fixture
def copy_of_tiny(tiny, tmp_path) -> Path:
    """A copy of the tiny project, products and cache included, to change."""
    return shutil.copytree(tiny[0], tmp_path / "copy", symlinks=True)


@pytest.mark.slow
def test_comments_sections_and_new_networks_run_nothing(copy_of_tiny):
    with (copy_of_tiny / "params.yaml").open("a") as handle:
        handle.write("\n# a comment\nmine:\n  knob: 1\n")
    own = copy_of_tiny / "src/hemapipe/models/cnn/mynet.py"
    own.write_text((copy_of_tiny / "src/hemapipe/models/cnn/lenet.py").read_text())
    assert run("dvc status -q", copy_of_tiny).returncode == 0


@pytest.mark.slow
def test_a_new_row_runs_only_its_own_stages(copy_of_tiny):
    row = {"kind": "sgd", "features": ["handcrafted", "handcrafted"]}
    params = yaml.safe_load((copy_of_tiny / "params.yaml").read_text())
    set_params(copy_of_tiny, {"classical": {**params["classical"], "sgd": row}})
    ran = set(re.findall(r"Running stage '([^']+)'", succeed("dvc repro", copy_of_tiny)))
    own = {f"{stage}_classical@sgd" for stage in ("train", "evaluate", "export", "explain")}
    assert ran == own | {"choose_model", "compare", "report"}


@pytest.mark.slow
def test_a_metric_change_trains_nothing(copy_of_tiny):
    set_params(copy_of_tiny, {"evaluate.ece_bins": 10})
    ran = re.findall(r"Running stage '([^']+)'", succeed("dvc repro", copy_of_tiny))
    assert [name for name in ran if name.startswith("evaluate")]
    assert not [name for name in ran if name.startswith(("train", "ensemble"))]


@pytest.mark.slow
def test_test_labels_reach_no_model(tiny, tmp_path):
    """Permute the labels of the test rows: models, calibration and predictions keep every byte."""
    project = shutil.copytree(tiny[0], tmp_path / "copy", symlinks=True)
    manifest = pd.read_csv(project / "data/manifest.csv", keep_default_na=False, dtype=str)
    splits = pd.read_csv(project / "data/splits.csv", dtype=str)
    tested = manifest["image_id"].isin(splits.loc[splits["role"] == "test", "image_id"])
    shuffled = manifest.loc[tested, "label"].sample(frac=1, random_state=0).to_numpy()
    assert (shuffled != manifest.loc[tested, "label"]).any()
    manifest.loc[tested, "label"] = shuffled
    (project / "data/manifest.csv").unlink()
    manifest.to_csv(project / "data/manifest.csv", index=False, lineterminator="\n")

    names = ["data/models/{}", "data/predictions/{}.csv", "data/calibration/{}.json"]
    for stage, model in (("train_cnn", "lenet"), ("train_classical", "lr"), ("ensemble", "stack")):
        before = {name: _bytes(project / name.format(model)) for name in names}
        for name in names:
            subprocess.run(["rm", "-rf", str(project / name.format(model))], check=True)
        (project / "data/models").mkdir(exist_ok=True)
        succeed(f"python -m stages.{stage} {model} && python -m stages.calibrate {model}", project)
        assert {name: _bytes(project / name.format(model)) for name in names} == before
    choice = _bytes(project / "metrics/choice.json")
    succeed("python -m stages.choose_model", project)
    assert _bytes(project / "metrics/choice.json") == choice


def _bytes(path: Path) -> dict[str, bytes]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}


@pytest.mark.slow
def test_a_queued_experiment_runs_the_code_it_was_queued_with(tiny, tmp_path):
    """Queue, edit the workspace, run: the result is that of the queued code."""
    project = shutil.copytree(tiny[0], tmp_path / "copy", symlinks=True)
    succeed("git add -A && git -c user.name=t -c user.email=t@t commit -qm done", project)
    succeed("dvc exp run --queue -n queued -S compare.rank_by=accuracy", project)
    stage = project / "stages/compare.py"
    stage.write_text("raise SystemExit('the edited code ran')\n" + stage.read_text())
    succeed("dvc queue start", project)
    for _ in range(120):
        status = succeed("dvc queue status", project)
        if re.search("Success|Failed", status):
            break
        time.sleep(1)
    assert "Success" in status, status + run("dvc queue logs queued", project).stdout
    revision = succeed("git for-each-ref --format='%(objectname)' 'refs/exps/**/queued'", project).strip()
    assert "rank_by: accuracy" in succeed(f"git show {revision}:params.yaml", project)
