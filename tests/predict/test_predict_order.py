"""Test scores choose nothing: the validation's choice, or its next best; the others as the leaderboard has them."""

import json
import shutil

import pytest

from hemapipe.predict.order import ranked, recommend
from hemapipe.predict.run import load_run

SCORES = {
    "a": {"balanced_accuracy": 0.9, "log_loss": 0.8},
    "b": {"balanced_accuracy": 0.7, "log_loss": 0.2},
    "c": {},
    "d": {"balanced_accuracy": 0.9, "log_loss": 0.8},
}


@pytest.mark.parametrize(
    ("params", "order"),
    [
        ("", "adbc"),
        ("compare: {rank_by: balanced_accuracy}", "adbc"),
        ("compare: {rank_by: log_loss}", "badc"),
        ("seed: 1", "adbc"),
    ],
)
def test_the_order_is_that_of_the_leaderboard(tmp_path, params, order):
    if params:
        (tmp_path / "params.yaml").write_text(params)
    assert "".join(ranked(SCORES, tmp_path)) == order


@pytest.mark.parametrize(
    ("choice", "best", "why"),
    [
        ({"recommended": "b", "a": 0.9, "b": 0.8}, "b", ""),
        (
            {"recommended": "x", "a": 0.4, "b": 0.5, "x": 0.6},
            "b",
            "x kept no weights: b, the best of the others by val",
        ),
        ({"recommended": "x", "a": 0.5, "b": 0.5, "x": 0.6}, "a", "x kept no weights: a, the best"),
        ({"recommended": "x"}, "a", "x kept no weights: a, the first by name"),
        ({"recommended": "", "note": "no validation rows"}, "a", "recommends no model: a, the first by name"),
        ({}, "a", "recommends no model"),
    ],
)
def test_another_stands_in_by_its_validation_score(choice, best, why):
    found, caveat = recommend(choice, ["b", "a"])
    assert found == best
    assert why in caveat
    assert bool(why) == bool(caveat)


def test_the_best_on_test_rows_is_not_recommended(exported, tmp_path):
    """The recommended rf is without weights; net has the best test score, stack the best validation score."""
    root = shutil.copytree(exported, tmp_path / "run")
    for name, score in (("net", 0.99), ("vote", 0.2), ("stack", 0.5)):
        (root / f"metrics/evaluate/{name}.json").write_text(json.dumps({"balanced_accuracy": score}))
    validated = {"recommended": "rf", "metric": "balanced_accuracy", "rf": 0.9, "lr": 0.3, "net": 0.2, "stack": 0.8}
    (root / "metrics/choice.json").write_text(json.dumps(validated))
    run = load_run(root)
    assert list(run.models) == ["stack", "net", "lr", "vote"]
    assert run.recommended == "stack"
    assert run.caveat.startswith("the recommended model rf kept no weights")
