"""Models against the recommended one: differences, p values and verdicts that known answers fix."""

import json

import numpy as np
import pandas as pd
import pytest
from evaluation_examples import calibration, manifest_and_groups, predictions
from scipy import stats

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_table
from hemapipe.evaluation.compare_models import (
    ALIKE,
    BETTER,
    PAIRS,
    TOO_FEW,
    WORSE,
    Contender,
    against,
    metric_scorer,
    read_contenders,
)
from hemapipe.evaluation.metrics import score
from hemapipe.evaluation.paired import mcnemar_mid_p
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows, scored_rows

PARAMS = EvaluateParams(n_resamples=1000, ece_bins=10)
MANIFEST, GROUPS = manifest_and_groups(n=240, n_groups=48)


def contender(seed, skill, drop=0):
    table = predictions(MANIFEST, GROUPS, seed=seed, skill=skill)
    table = table[table["role"] == "test"].iloc[drop:]
    key = pd.MultiIndex.from_frame(table[["fold", "sample_id"]])
    return Contender(key, scored_rows(table, calibration(), MANIFEST, GROUPS))


MODELS = {"good": contender(1, 3.0), "fair": contender(2, 1.5), "twin": contender(3, 1.5), "poor": contender(4, 0.3)}


def row(table, model):
    return table.set_index("model").loc[model]


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_roc_auc", "log_loss"])
def test_who_is_really_better(metric):
    found = against(MODELS, "fair", metric, PARAMS, 1)
    assert list(found.columns) == PAIRS and list(found["model"]) == ["good", "twin", "poor"]
    assert list(found["verdict"]) == [BETTER, ALIKE, WORSE]
    assert (found["p_holm"] >= found["p"]).all()
    assert (found["low"] <= found["difference"]).all() and (found["difference"] <= found["high"]).all()


def test_differences_are_those_of_the_values_and_counts_those_of_the_rows():
    found = row(against(MODELS, "fair", "accuracy", PARAMS, 1), "good")
    right = {name: model.rows.p.argmax(axis=1) == model.rows.y for name, model in MODELS.items()}
    assert found["difference"] == pytest.approx(right["good"].mean() - right["fair"].mean())
    only = (right["good"] & ~right["fair"]).sum(), (right["fair"] & ~right["good"]).sum()
    assert (found["n_only_model"], found["n_only_reference"]) == only
    assert found["mcnemar_p"] == mcnemar_mid_p(*only)
    assert found["n_rows"] == 240


def test_p_over_groups_is_near_the_paired_t_test_over_group_means():
    """Groups are of equal size, so that the difference of accuracies is the mean of the groups' differences."""
    models = {"first": contender(5, 1.5), "second": contender(6, 1.2)}
    found = row(against(models, "second", "accuracy", EvaluateParams(n_resamples=8000, ece_bins=10), 1), "first")
    means = [
        pd.Series(model.rows.p.argmax(axis=1) == model.rows.y).groupby(model.rows.group).mean()
        for model in models.values()
    ]
    reference = stats.ttest_rel(*means)
    limits = reference.confidence_interval()
    assert 0.02 < reference.pvalue < 0.6  # a case that tells
    assert found["p"] == pytest.approx(reference.pvalue, rel=0.15)
    assert (found["low"], found["high"]) == pytest.approx((limits.low, limits.high), abs=0.012)


def test_a_model_against_itself_is_no_difference():
    found = row(against({"a": MODELS["fair"], "b": MODELS["fair"]}, "a", "accuracy", PARAMS, 1), "b")
    assert (found["difference"], found["p"], found["mcnemar_p"], found["verdict"]) == (0, 1, 1, ALIKE)


def test_false_alarms_are_rare_among_equal_models():
    """Twenty pairs of equals: at 5 %, four or more verdicts have a chance of 2 %."""
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(20):
        pair = {name: contender(int(rng.integers(1e6)), 1.5) for name in "ab"}
        verdicts += list(against(pair, "a", "accuracy", EvaluateParams(n_resamples=300, ece_bins=10), 1)["verdict"])
    assert sum(verdict != ALIKE for verdict in verdicts) < 4


def right_at(share, y, groups, seed):
    """A contender that is right on about `share` of the images."""
    right = np.random.default_rng(seed).random(len(y)) < share
    p = 0.8 * np.eye(2)[np.where(right, y, 1 - y)] + 0.1
    key = pd.MultiIndex.from_arrays([np.zeros(len(y), int), [f"s{n:04}" for n in range(len(y))]])
    return Contender(key, ScoredRows(["a", "b"], y, p, p, np.zeros(len(y), int), groups, groups, True))


def verdicts(y, groups, metric="balanced_accuracy"):
    """Eleven models that are right on six images in ten against one that is on all but three in a hundred."""
    models = {"best": right_at(0.97, y, groups, 0)} | {f"m{n}": right_at(0.6, y, groups, n + 1) for n in range(11)}
    return set(against(models, "best", metric, PARAMS, 1)["verdict"])


@pytest.mark.parametrize("n_groups", [8, 12, 16])
def test_few_groups_can_tell_what_is_plain(n_groups):
    groups = np.repeat([f"g{n:02}" for n in range(n_groups)], 30)
    assert verdicts(np.tile([0, 1], 15 * n_groups), groups) == {WORSE}  # classes lie in all groups


def test_a_rare_class_leaves_too_few_groups_to_tell():
    groups = np.repeat([f"g{n:02}" for n in range(20)], 20)
    y = (groups >= "g18").astype(np.int64)  # two groups of class b
    assert verdicts(y, groups) == {TOO_FEW}
    assert verdicts(y, groups, "accuracy") == {WORSE}  # which does not rest on b
    one = (groups == "g19").astype(np.int64)
    pair = {"x": right_at(0.9, one, groups, 1), "y": right_at(0.5, one, groups, 1)}
    alone = row(against(pair, "x", "balanced_accuracy", PARAMS, 1), "y")
    assert np.isnan([alone["low"], alone["high"], alone["p"]]).all() and alone["verdict"] == TOO_FEW


def test_only_shared_rows_are_compared():
    models = {"a": MODELS["fair"], "b": contender(3, 1.5, drop=40)}
    assert row(against(models, "a", "accuracy", PARAMS, 1), "b")["n_rows"] == 200
    assert row(against(models, "b", "accuracy", PARAMS, 1), "a")["n_rows"] == 200
    none = {"a": MODELS["fair"], "b": Contender(models["b"].key.set_levels([7, 8, 9], level=0), models["b"].rows)}
    with pytest.raises(HemapipeError, match="share no test row"):
        against(none, "a", "accuracy", PARAMS, 1)


def test_no_recommendation_no_pairs_and_an_unlisted_one_is_an_error():
    assert list(against(MODELS, "", "accuracy", PARAMS, 1).columns) == PAIRS
    assert against({"a": MODELS["fair"]}, "a", "accuracy", PARAMS, 1).empty
    with pytest.raises(HemapipeError, match="'gone' is not listed"):
        against(MODELS, "gone", "accuracy", PARAMS, 1)


@pytest.mark.parametrize("metric", ["kappa", "macro_f1", "macro_roc_auc", "brier", "ece"])
def test_the_cheapest_scorer_gives_the_same_number(metric):
    rows = MODELS["fair"].rows
    weights = np.ones((1, len(rows.y)))
    found = metric_scorer(rows.y, rows.p, rows.class_names, metric, 10)(weights)[metric]
    assert found == score(rows.y, rows.p, weights, rows.class_names, 10)[metric]


def test_files_in_any_order_give_the_same_rows(tmp_path):
    table = predictions(MANIFEST, GROUPS, seed=2)
    write_table(MANIFEST.assign(width=1, height=1, conflict=False), tmp_path / "manifest.csv")
    write_table(GROUPS, tmp_path / "groups.csv")
    write_table(GROUPS[["image_id"]].assign(near_repeat="", session=""), tmp_path / "ties.csv")
    (tmp_path / "calibration").mkdir()
    for name, rows in (("a", table), ("b", table.sample(frac=1, random_state=1))):
        write_table(rows, tmp_path / f"predictions/{name}.csv")
        (tmp_path / f"calibration/{name}.json").write_text(json.dumps(calibration()))
    found = read_contenders(tmp_path, ["a", "b"])
    assert found["a"].key.equals(found["b"].key)
    assert (found["a"].rows.p == found["b"].rows.p).all()
