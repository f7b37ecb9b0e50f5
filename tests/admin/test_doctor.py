"""Each check says ok, or what to do, on a machine made to lack the thing."""

import subprocess
from pathlib import Path

import pytest

from hemapipe.admin import doctor

ROOT = Path(__file__).resolve().parents[2]


def test_python_version():
    assert not doctor.check_python((3, 11)).fails
    assert "install it" in doctor.check_python((3, 13)).mend


def test_packages_are_compared_with_the_pins(tmp_path):
    from importlib.metadata import version

    pins = tmp_path / "requirements.txt"
    pins.write_text(f"# a comment\n-c constraints.txt\npytest=={version('pytest')}\n")
    assert not doctor.check_packages(pins).mend
    pins.write_text("pytest==0.0.1\nno-such-package-here==1.0\n")
    found = doctor.check_packages(pins)
    assert found.fails
    assert "instead of 0.0.1" in found.found
    assert "no-such-package-here absent" in found.found


def test_included_pins_are_compared_too(tmp_path):
    (tmp_path / "serve.txt").write_text("no-such-package-here==1.0\n")
    (tmp_path / "requirements.txt").write_text("-c constraints.txt\n-r serve.txt\npytest==0.0.1\n")
    found = doctor.check_packages(tmp_path / "requirements.txt").found
    assert "no-such-package-here absent" in found
    assert "instead of 0.0.1" in found


def test_git_and_dvc_are_looked_for(tmp_path):
    assert doctor.check_git(tmp_path).fails
    assert doctor.check_dvc(tmp_path).fails
    commit = "git init -q && git -c user.name=t -c user.email=t@t commit -q --allow-empty -m t"
    subprocess.run(commit, cwd=tmp_path, shell=True, check=True)
    assert doctor.check_git(tmp_path).found.endswith("clean")
    (tmp_path / "new").touch()
    assert doctor.check_git(tmp_path).found.endswith("1 changed file")


def test_threads_beyond_the_cores_are_a_note():
    assert not doctor.check_threads(1).mend
    many = doctor.check_threads(100_000)
    assert many.mend
    assert not many.fails


def test_disk_and_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "DISK_GIB", 0)
    monkeypatch.setattr(doctor, "MEMORY_GIB", 0)
    assert not doctor.check_disk(tmp_path).fails
    assert not doctor.check_memory().fails
    monkeypatch.setattr(doctor, "DISK_GIB", 10**9)
    monkeypatch.setattr(doctor, "MEMORY_GIB", 10**9)
    assert doctor.check_disk(tmp_path).fails
    assert doctor.check_memory().fails


def data_of(active: str) -> doctor.Finding:
    others = {"taleqani": {"archive": "t.zip"}, "folder": {"archive": "mine.zip"}}
    return doctor.check_data({"download": {"source": active, "synthetic": {"px": 1}, **others}})


@pytest.mark.parametrize(("active", "fetched"), [("taleqani", True), ("folder", False)])
def test_only_the_source_in_use_is_looked_for_and_only_a_published_one_is_fetched(
    active, fetched, tmp_path, monkeypatch
):
    monkeypatch.delenv("HEMAPIPE_DATA", raising=False)
    unset = data_of(active)
    assert (unset.what, unset.fails) == (f"data: {active}", False)
    assert "HEMAPIPE_DATA is not set" in unset.found
    monkeypatch.setenv("HEMAPIPE_DATA", str(tmp_path))
    absent = data_of(active)
    for one in (unset, absent):
        assert "set HEMAPIPE_DATA" in one.mend
        assert ("fetched from https://www.kaggle.com" in one.mend) == fetched
    (tmp_path / "t.zip").touch()
    (tmp_path / "mine").mkdir()  # unpacked: the source takes it as well
    assert not data_of(active).mend


def test_a_generated_source_needs_no_folder_but_a_wrong_one_is_an_error(tmp_path, monkeypatch):
    monkeypatch.delenv("HEMAPIPE_DATA", raising=False)
    assert doctor.render([data_of("synthetic")]) == "data: synthetic  ok       generated here"
    monkeypatch.setenv("HEMAPIPE_DATA", str(tmp_path / "absent"))
    assert data_of("synthetic").fails
    assert data_of("folder").fails


def test_params_are_checked(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text())
    assert not doctor.check_settings(path).mend
    path.write_text(path.read_text().replace("  n_folds: 3 ", "  n_fold: 3 ", 1))
    found = doctor.check_settings(path)
    assert found.fails
    assert "unknown key 'n_fold'; did you mean 'n_folds'?" in found.found
    assert found.found.startswith("params.yaml, section 'split': ")
    assert "\n" not in found.found


def test_with_wrong_params_the_rest_is_still_examined(tmp_path):
    (tmp_path / "params.yaml").write_text("a: [")
    (tmp_path / "requirements.txt").write_text("pytest==0.0.1\n")
    found = {one.what: one for one in doctor.examine(tmp_path)}
    assert "not valid YAML" in found["params"].found
    assert "memory" in found
    assert "threads" not in found


def test_weights(tmp_path, monkeypatch):
    assert doctor.check_packaged_weights().found == "lite0, lite1, lite2"
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert doctor.check_hub_cache().found == "0 cached"
    (tmp_path / "hub" / "models--timm--resnet18.a1_in1k").mkdir(parents=True)
    (tmp_path / "torch" / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "torch" / "hub" / "checkpoints" / "vgg16-397923af.pth").touch()
    assert doctor.check_hub_cache().found == "2 cached: models--timm--resnet18.a1_in1k, vgg16-397923af.pth"


def test_a_cpu_torch_beside_a_gpu_is_explained(tmp_path, monkeypatch):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a working GPU")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not doctor.check_device().mend
    (tmp_path / "nvidia-smi").touch(mode=0o755)
    assert "requirements-gpu.txt" in doctor.check_device().mend


def test_the_table_has_a_line_per_finding():
    findings = [
        doctor.Finding("a", "x"),
        doctor.Finding("bb", "y", "do z"),
        doctor.Finding("c", "", "later", needed=False),
    ]
    assert doctor.render(findings).splitlines() == [
        "a   ok       x",
        "bb  mend     y - do z",
        "c   note     later",
    ]
    assert [one.fails for one in findings] == [False, True, False]


def test_this_checkout_is_examined_in_full():
    subjects = [one.what for one in doctor.examine(ROOT)]
    assert subjects[:8] == ["python", "packages", "git", "dvc", "params", "disk", "memory", "threads"]
    assert subjects[-3:] == ["weights: packaged", "weights: hub", "device"]
