"""The flat metrics file: what each key means, and that it is the same on every run."""

import json

import numpy as np
import pytest
from evaluation_examples import CLASSES, calibration, manifest_and_groups, predictions

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows, scored_rows
from hemapipe.evaluation.summary import summarise
from hemapipe.evaluation.wilson import wilson

PARAMS = EvaluateParams(n_resamples=300, ece_bins=10)


def scored(n_folds=3, params=PARAMS, **how):
    manifest, groups = manifest_and_groups()
    rows = scored_rows(predictions(manifest, groups, n_folds, **how), calibration(n_folds), manifest, groups)
    return rows, summarise(rows, params, seed=7)


def test_point_values_spread_and_counts():
    rows, found = scored()
    right = rows.p.argmax(axis=1) == rows.y
    assert found["accuracy"] == pytest.approx(right.mean(), rel=1e-5)
    by_fold = [right[rows.fold == fold].mean() for fold in range(3)]
    assert found["accuracy_sd"] == pytest.approx(np.std(by_fold, ddof=1), rel=1e-5)
    assert (found["n_test"], found["n_groups"], found["n_folds"], found["few_groups"]) == (60, 12, 3, 1)


def test_every_number_has_its_interval_and_lies_in_a_sane_place():
    _, found = scored()
    ends = ("_sd", "_low", "_high")
    points = {name for name in found if not name.endswith(ends) and not name.startswith(("n_", "few_"))}
    assert {f"recall_{name}" for name in CLASSES} <= points
    assert {"log_loss_uncalibrated", "ece_uncalibrated", "micro_roc_auc", "weighted_f2"} <= points
    for name in points:
        assert found[f"{name}_low"] <= found[f"{name}_high"]
        assert f"{name}_sd" in found
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]


def test_one_fold_has_no_spread():
    _, found = scored(n_folds=1)
    assert not [name for name in found if name.endswith("_sd")]
    assert found["n_folds"] == 1


def test_finite_rounded_and_repeatable():
    _, first = scored()
    _, second = scored()
    assert json.dumps(first, allow_nan=False) == json.dumps(second)
    assert all(value == float(f"{value:.6g}") for value in first.values())


def test_undefined_metrics_are_left_out():
    manifest, groups = manifest_and_groups()
    table = predictions(manifest, groups)
    table.loc[table["image_id"].isin(manifest.loc[manifest["label"] == "pro", "image_id"]), "role"] = "train"
    found = summarise(scored_rows(table, calibration(), manifest, groups), PARAMS, 1)
    assert not [name for name in found if name.endswith("_pro") or "_pro_" in name]
    assert "macro_f1" in found


def test_the_seed_moves_the_interval_but_not_the_value():
    rows, found = scored()
    other = summarise(rows, PARAMS, seed=8)
    assert other["accuracy"] == found["accuracy"]
    assert other["macro_roc_auc_low"] != found["macro_roc_auc_low"]


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Groups of five images share their luck; the 95 % interval of accuracy covers .7 in most of 60 worlds."""
    from hemapipe.evaluation.bootstrap import intervals

    covered = 0
    for world in range(60):
        rng = np.random.default_rng(world)
        right = (rng.beta(7, 3, 60)[:, None] > rng.random((60, 5))).ravel().astype(float)
        scorer = lambda w, right=right: {"accuracy": w @ right / w.sum(axis=1)}  # noqa: E731
        low, high = intervals(scorer, np.arange(300) // 5, 400, seed=world)["accuracy"]
        covered += low <= 0.7 <= high
    assert covered >= 52


def constant(groups):
    """A model that calls all 14 images `all`; 8 of them are, in groups named by their letter."""
    y, p = np.array([0] * 8 + [1] * 6), np.tile([0.8, 0.2], (14, 1))
    group = np.array(list(groups))
    return ScoredRows(["all", "hem"], y, p, p, np.zeros(14, int), group, group, True)


def test_a_constant_model_is_not_half_right_somewhere_between_all_and_nothing():
    """Resamples without `hem` scored 1 and those without `all` 0: balanced accuracy was .5 [0, 1]."""
    found = summarise(constant("aaaabbbbccddee"), PARAMS, 1)
    assert (found["balanced_accuracy"], found["kappa"], found["mcc"], found["macro_specificity"]) == (0.5, 0, 0, 0.5)
    for name in ("balanced_accuracy", "kappa", "mcc", "macro_specificity"):
        assert f"{name}_low" not in found and f"{name}_high" not in found
    assert (found["recall_hem_low"], found["recall_hem_high"]) == pytest.approx(wilson(0, 3), rel=1e-5)
    assert (found["recall_all_low"], found["recall_all_high"]) == pytest.approx(wilson(2, 2), rel=1e-5)


def test_a_class_in_one_group_has_no_interval():
    found = summarise(constant("aabbccddeeeeee"), PARAMS, 1)
    assert (found["n_groups_rarest"], found["few_groups_rarest"]) == (1, 1)
    assert found["recall_hem"] == 0 and "recall_hem_low" not in found and "recall_all_low" in found
    assert "balanced_accuracy_low" not in found and "accuracy_low" in found


def test_averages_over_classes_come_from_resamples_with_all_of_them():
    """Class `pro` has two of 42 groups and one right image in ten; the rest are nearly always right."""
    y = np.repeat([0, 1, 2], [200, 200, 20])
    random = np.random.default_rng(0)
    called = np.where(random.random(420) < np.array([0.95, 0.95, 0.1])[y], y, (y + 1) % 3)
    group = np.array([f"g{n // 10:02}" for n in range(420)])
    p = 0.7 * np.eye(3)[called] + 0.1
    found = summarise(ScoredRows(CLASSES, y, p, p, np.zeros(420, int), group, group, True), PARAMS, 1)
    assert (found["few_groups"], found["n_groups_rarest"], found["few_groups_rarest"]) == (0, 2, 1)
    assert found["balanced_accuracy"] < 0.7 and found["balanced_accuracy_high"] < 0.8  # without `pro`: .95


def test_many_groups_are_not_flagged():
    manifest, groups = manifest_and_groups(n=90, n_groups=30)
    rows = scored_rows(predictions(manifest, groups), calibration(), manifest, groups)
    found = summarise(rows, PARAMS, 1)
    assert (found["few_groups"], found["few_groups_rarest"], found["n_groups_rarest"]) == (0, 0, 10)


def test_where_every_group_is_one_image_proportions_have_wilsons_interval():
    manifest, groups = manifest_and_groups(n=90, n_groups=90)
    rows = scored_rows(predictions(manifest, groups), calibration(), manifest, groups)
    found = summarise(rows, PARAMS, 1)
    called, early = rows.p.argmax(axis=1), rows.class_names.index("early")
    right = int((called == rows.y).sum())
    hits, early_calls = int(((called == early) & (rows.y == early)).sum()), int((called == early).sum())
    expected = {
        "accuracy": wilson(right, 90),
        "weighted_recall": wilson(right, 90),
        "error_rate": wilson(90 - right, 90),
    }
    expected |= {"recall_early": wilson(hits, 30)}
    expected |= {"precision_early": wilson(hits, early_calls)}
    expected |= {"specificity_early": wilson(60 - early_calls + hits, 60)}
    for name, limits in expected.items():
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(limits, rel=1e-5)


def test_a_perfect_score_has_a_width():
    manifest, groups = manifest_and_groups(n=60, n_groups=12)
    rows = scored_rows(predictions(manifest, groups, skill=60), calibration(), manifest, groups)
    found = summarise(rows, PARAMS, 1)
    by_all, by_class = wilson(12, 12)[0], wilson(4, 4)[0]
    assert found["accuracy"] == found["roc_auc_pro"] == found["macro_f1"] == found["mcc"] == 1
    assert found["accuracy_low"] == pytest.approx(by_all, rel=1e-5)
    assert found["mcc_low"] == pytest.approx(by_all, rel=1e-5)
    for name in ("balanced_accuracy", "recall_pro", "precision_pro", "roc_auc_pro", "macro_f1"):
        assert (found[f"{name}_low"], found[f"{name}_high"]) == (pytest.approx(by_class, rel=1e-5), 1)
    assert found["specificity_pro_low"] == pytest.approx(wilson(8, 8)[0], rel=1e-5)
    assert (found["error_rate_low"], found["error_rate_high"]) == (0, pytest.approx(1 - by_all, rel=1e-5))


def test_params_are_bounded():
    with pytest.raises(HemapipeError, match="ece_bins"):
        check(EvaluateParams, {"n_resamples": 100, "ece_bins": 1}, "evaluate")
