"""Ranking, its errors, and the flat comparison."""

import json

import numpy as np
import pandas as pd
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.evaluation import plots
from hemapipe.report import leaderboard
from hemapipe.report.params import CompareParams

MODELS = {"net": "cnn", "b": "classical", "a": "classical"}
SIZES = {"net": {"n_parameters": 61_706, "n_bytes": 10, "epochs_run": 4.0}, "a": {"n_bytes": 5}, "b": {}}


def scored(accuracy, loss):
    ends = {f"{name}_{end}": 0.1 for name in ("accuracy", "log_loss") for end in ("low", "high", "sd")}
    return {"accuracy": accuracy, "log_loss": loss, **ends}


SCORES = {"net": scored(0.9, 0.5), "a": scored(0.8, 0.2), "b": scored(0.8, 0.7)}


def test_best_first_ties_by_name():
    table = leaderboard.build(MODELS, SCORES, SIZES, "accuracy")
    assert list(zip(table["rank"], table["model"], strict=True)) == [(1, "net"), (2, "a"), (3, "b")]
    assert list(table["family"]) == ["network", "classical", "classical"]


def test_losses_rank_from_the_lowest():
    assert list(leaderboard.build(MODELS, SCORES, SIZES, "log_loss")["model"]) == ["a", "net", "b"]


def test_unknown_sizes_are_empty_and_counts_stay_whole(tmp_path):
    table = leaderboard.build(MODELS, SCORES, SIZES, "accuracy")
    table.to_csv(tmp_path / "t.csv", index=False)
    assert (tmp_path / "t.csv").read_text().splitlines()[1].endswith("61706,10,4.0")
    assert table.set_index("model").loc["b", ["n_parameters", "n_bytes"]].isna().all()


def test_summary_is_flat_with_every_model():
    table = leaderboard.build(MODELS, SCORES, SIZES, "accuracy")
    found = leaderboard.summarise(table, SCORES)
    assert found == {
        "best_model": "net", "recommended_model": "", "n_models": 3, "rank_by": "accuracy",
        "best_accuracy": 0.9, "best_log_loss": 0.5,
        "accuracy_net": 0.9, "accuracy_a": 0.8, "accuracy_b": 0.8,
    }  # fmt: skip


PAIRS = pd.DataFrame(
    {"model": ["net", "b"], "difference": [0.1, -0.02], "low": [0.05, -0.3], "high": [0.2, 0.1],
     "p_holm": [0.01, 0.5], "verdict": ["better", "not distinguishable"]}
)  # fmt: skip


def test_every_model_is_held_against_the_recommended_one():
    table = leaderboard.build(MODELS, SCORES, SIZES, "accuracy", "a", PAIRS).set_index("model")
    assert table["recommended"].to_dict() == {"net": 0, "a": 1, "b": 0}
    assert table["verdict"].to_dict() == {"net": "better", "a": "recommended", "b": "not distinguishable"}
    columns = ["difference", "difference_low", "difference_high", "p_holm"]
    assert table.loc["net", columns].to_list() == [0.1, 0.05, 0.2, 0.01]
    assert table.loc["a", columns].isna().all()
    found = leaderboard.summarise(table.reset_index(), SCORES)
    assert (found["best_model"], found["recommended_model"]) == ("net", "a")
    assert (found["best_accuracy"], found["recommended_accuracy"]) == (0.9, 0.8)


def test_ensembles_are_models():
    models = leaderboard.listed({"net": {}}, None, {"vote": {}})
    assert models == {"net": "cnn", "vote": "ensemble"}
    table = leaderboard.build(models, {**SCORES, "vote": scored(0.95, 0.1)}, {**SIZES, "vote": {}}, "accuracy")
    assert list(table["family"]) == ["ensemble", "network"]


def test_only_listed_models_count_and_a_missing_one_is_named(tmp_path):
    for name in ("net", "a", "b", "stale"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"accuracy": 1}))
    assert set(leaderboard.read_metrics(tmp_path, MODELS)) == set(MODELS)
    (tmp_path / "a.json").unlink()
    with pytest.raises(HemapipeError, match=r"lacks a, listed in params\.yaml"):
        leaderboard.read_metrics(tmp_path, MODELS)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (({"x": {}}, {"x": {}}), "x: a row of both cnn and classical"),
        (({}, {"x": {}}, {"x": {}}), "x: a row of both classical and ensemble"),
        (({}, None), "lists no model"),
    ],
)
def test_tables_that_make_no_sense(tables, message):
    with pytest.raises(HemapipeError, match=message):
        leaderboard.listed(*tables)


def test_an_undefined_metric_cannot_rank():
    with pytest.raises(HemapipeError, match="kappa is undefined for net, b, a"):
        leaderboard.build(MODELS, SCORES, SIZES, "kappa")


def test_rank_by_is_a_known_metric():
    with pytest.raises(HemapipeError, match="rank_by"):
        check(CompareParams, {"rank_by": "acuracy"}, "compare")


def picture(path, recommended="", pairs=None, spread=np.nan):
    table = leaderboard.build(MODELS, SCORES, SIZES, "accuracy", recommended, pairs)
    table.loc[:, "sd"] = spread
    plots.draw(leaderboard.paint, table, path=path, size=(5, 2))
    return path.read_bytes()


def test_the_picture_is_repeatable_and_shows_the_verdicts(tmp_path):
    plain = picture(tmp_path / "a.png")
    marked = picture(tmp_path / "b.png", "a", PAIRS)
    worse = picture(tmp_path / "c.png", "a", PAIRS.assign(verdict="worse"))
    assert picture(tmp_path / "d.png", "a", PAIRS) == marked
    assert len({plain, marked, worse, picture(tmp_path / "e.png", spread=0.1)}) == 4
