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


@pytest.fixture
def committed(tmp_path):
    (tmp_path / "metrics/evaluate").mkdir(parents=True)
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


def test_verify_says_what_is_missing(committed, tmp_path_factory):
    (committed / "metrics/evaluate/rf.json").unlink()
    with pytest.raises(HemapipeError, match="make repro"):
        verify(committed)
    with pytest.raises(HemapipeError, match="no_such_commit"):
        verify(committed, "no_such_commit")
    with pytest.raises(HemapipeError, match="not a git repository"):
        verify(tmp_path_factory.mktemp("bare"))
