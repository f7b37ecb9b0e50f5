"""Known answers for the tolerance, and a workspace compared with its commit."""

import json
import subprocess

import pytest

from hemapipe.admin.verify import differences, render, tolerance, verify
from hemapipe.core.errors import HemapipeError

METRICS = {
    "accuracy": 0.90, "accuracy_low": 0.85, "accuracy_high": 0.93, "accuracy_sd": 0.02,
    "recall_low": 0.5,  # the recall of a class called `low`: no interval of `recall`
    "log_loss": 0.3, "n_test": 80, "warning": "", "flag": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "file", "expected"),
    [
        ("accuracy", "metrics/evaluate/rf.json", 0.04),  # (0.93 - 0.85) / 2
        ("accuracy_low", "metrics/evaluate/rf.json", 0.04),
        ("accuracy_high", "metrics/evaluate/rf.json", 0.04),
        ("accuracy_sd", "metrics/evaluate/rf.json", 0.04),
        ("recall_low", "metrics/evaluate/rf.json", None),
        ("log_loss", "metrics/evaluate/rf.json", None),
        ("n_test", "metrics/evaluate/rf.json", 0.0),
        ("n_test", "metrics/train/rf.json", None),
        ("warning", "metrics/train/rf.json", 0.0),
        ("flag", "metrics/train/rf.json", 0.0),
        ("log_loss", "metrics/split.json", 0.0),
        ("n_test", "metrics/catalog.json", 0.0),
        ("warning", "metrics/compare.json", None),
    ],
)
def test_tolerance(key, file, expected):
    found = tolerance(METRICS, key, file)
    assert found == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"accuracy": 0.93}, True),
        ({"accuracy": 0.95}, False),
        ({"accuracy_low": 0.82}, True),
        ({"accuracy_sd": 0.07}, False),
        ({"log_loss": 9.0}, True),
        ({"n_test": 81}, False),
        ({"warning": "leak"}, False),
        ({"flag": False}, False),
        ({"new_key": 1.0}, False),
    ],
)
def test_each_difference_is_judged_by_its_rule(change, accepted):
    (found,) = differences("metrics/evaluate/rf.json", METRICS, METRICS | change)
    assert found.accepted is accepted


def test_a_lost_key_is_beyond_any_tolerance():
    (found,) = differences("metrics/evaluate/rf.json", METRICS, {k: v for k, v in METRICS.items() if k != "log_loss"})
    assert not found.accepted
    assert "absent" in render([found])


def test_render_puts_what_is_refused_last():
    found = differences("metrics/evaluate/rf.json", METRICS, METRICS | {"accuracy": 0.91, "n_test": 3})
    lines = render(found).splitlines()
    assert lines[2].split() == ["evaluate/rf:", "n_test", "80", "3", "-77", "0", "BEYOND"]
    assert lines[1].split() == ["evaluate/rf:", "accuracy", "0.9", "0.91", "+0.01", "0.04", "ok"]
    assert lines[-1] == "2 differ, 1 beyond the tolerance"
    assert render([]).startswith("identical")


DVC = """\
stages:
  evaluate:
    foreach: ${classical}
    do: {cmd: x, metrics: ["metrics/evaluate/${key}.json"]}
"""


@pytest.fixture
def committed(tmp_path):
    (tmp_path / "metrics/evaluate").mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "params.yaml").write_text("classical: {rf: {}}\n")
    (tmp_path / "metrics/evaluate/rf.json").write_text(json.dumps(METRICS))
    (tmp_path / "metrics/environment.json").write_text('{"torch": "1"}')
    subprocess.run(
        "git init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm t", cwd=tmp_path, shell=True
    )
    return tmp_path


def test_verify_compares_with_the_commit(committed):
    (committed / "metrics/environment.json").write_text('{"torch": "2"}')
    assert verify(committed) == []
    (committed / "metrics/evaluate/rf.json").write_text(json.dumps(METRICS | {"accuracy": 0.5}))
    (found,) = verify(committed)
    assert (found.key, found.committed, found.current, found.accepted) == ("accuracy", 0.9, 0.5, False)


@pytest.mark.parametrize("left_behind", [True, False], ids=["before prune", "after it"])
def test_a_model_whose_row_is_gone_is_said_and_not_judged(committed, left_behind):
    if not left_behind:
        (committed / "metrics/evaluate/rf.json").unlink()
    (committed / "params.yaml").write_text("classical: {}\n")
    found = verify(committed)
    assert [(one.file, one.accepted) for one in found] == [("metrics/evaluate/rf.json", True)]
    assert render(found).splitlines()[1].split() == ["evaluate/rf:", "all", "there", "absent", "not", "judged", "gone"]


def test_a_model_whose_row_is_new_is_said_and_not_judged(committed):
    (committed / "params.yaml").write_text("classical: {rf: {}, knn: {}}\n")
    (committed / "metrics/evaluate/knn.json").write_text(json.dumps(METRICS))
    (committed / "metrics/evaluate/stale.json").write_text("{}")
    found = verify(committed)
    assert [(one.file, one.accepted) for one in found] == [("metrics/evaluate/knn.json", True)]
    assert render(found).splitlines()[1].split() == ["evaluate/knn:", "all", "absent", "there", "not", "judged", "new"]
    (committed / "metrics/evaluate/rf.json").write_text(json.dumps(METRICS | {"accuracy": 0.5}))
    assert [one.accepted for one in verify(committed)] == [True, False]  # what both have is judged as ever


def test_keys_that_are_models_come_and_go():
    old = {"recommended": "svm", "metric": "balanced_accuracy", "rf": 0.8, "svm": 0.9}
    gone = differences("metrics/choice.json", old, {"recommended": "rf", "metric": "balanced_accuracy", "rf": 0.8})
    assert [(one.key, one.accepted) for one in gone] == [("recommended", True), ("svm", True)]
    assert "gone" in render(gone)
    changed = differences("metrics/choice.json", old, old | {"recommended": "rf"})
    assert [(one.key, one.accepted) for one in changed] == [("recommended", False)]
    summary = {"best_model": "rf", "balanced_accuracy_rf": 0.8}
    assert all(one.accepted for one in differences("metrics/compare.json", summary, {"balanced_accuracy_knn": 0.1}))


def test_verify_says_what_is_missing(committed, tmp_path_factory):
    (committed / "metrics/evaluate/rf.json").unlink()
    with pytest.raises(HemapipeError, match="make repro"):
        verify(committed)
    with pytest.raises(HemapipeError, match="no_such_commit"):
        verify(committed, "no_such_commit")
    with pytest.raises(HemapipeError, match="not a git repository"):
        verify(tmp_path_factory.mktemp("bare"))
