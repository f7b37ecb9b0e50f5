"""Every metric against scikit-learn and against tables worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from hemapipe.evaluation import metrics

NAMES = ["a", "b", "c", "d"]


def sample(seed: int, n: int = 300, k: int = 4, digits: int = 2):
    """Labels and probabilities with many ties, and whole-number and fractional weights."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    z = rng.normal(size=(n, k))
    z[np.arange(n), y] += 1
    p = np.round(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), digits) + 1e-6
    weights = np.vstack([np.ones(n), rng.integers(0, 4, n), rng.random(n)]).astype(float)
    return y, p / p.sum(axis=1, keepdims=True), weights


def reference(y, p, w):
    """The same metrics from scikit-learn, under one weighting."""
    k = p.shape[1]
    called, labels, truth = p.argmax(1), list(range(k)), np.eye(k)[y]
    one = {"labels": labels, "sample_weight": w, "zero_division": 0}
    found = {
        "accuracy": sk.accuracy_score(y, called, sample_weight=w),
        "error_rate": sk.zero_one_loss(y, called, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, called, sample_weight=w),
        "kappa": sk.cohen_kappa_score(y, called, sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, called, sample_weight=w),
        "log_loss": sk.log_loss(y, p, labels=labels, sample_weight=w),
        "brier": sk.brier_score_loss(y, p, labels=labels, sample_weight=w, scale_by_half=False),
        "micro_roc_auc": sk.roc_auc_score(truth.ravel(), p.ravel(), sample_weight=np.repeat(w, k)),
    }
    for average, name in ((None, None), ("macro", "macro"), ("weighted", "weighted")):
        values = {
            "precision": sk.precision_score(y, called, average=average, **one),
            "recall": sk.recall_score(y, called, average=average, **one),
            "f1": sk.f1_score(y, called, average=average, **one),
            "f2": sk.fbeta_score(y, called, beta=2, average=average, **one),
            "roc_auc": sk.roc_auc_score(truth, p, average=average, sample_weight=w),
            "pr_auc": sk.average_precision_score(truth, p, average=average, sample_weight=w),
        }
        for metric, value in values.items():
            found |= {f"{name}_{metric}": value} if name else {f"{metric}_{NAMES[c]}": value[c] for c in range(k)}
    for c in range(k):
        found[f"specificity_{NAMES[c]}"] = sk.recall_score(y != c, called != c, sample_weight=w)
    return found


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_metric_is_scikit_learns_under_every_weighting(k, seed):
    y, p, weights = sample(seed, k=k)
    found = metrics.score(y, p, weights, NAMES[:k])
    for row, w in enumerate(weights):
        expected = reference(y, p, w)
        assert {name: found[name][row] for name in expected} == pytest.approx(expected, abs=1e-12)
        ours_alone = {"ece", "macro_specificity", "weighted_specificity"}
        assert set(found) - set(expected) == ours_alone


def test_weights_are_copies():
    y, p, _ = sample(3, n=60)
    copies = np.random.default_rng(0).integers(0, 3, 60)
    weighted = metrics.score(y, p, copies[None].astype(float), NAMES)
    copied = metrics.score(np.repeat(y, copies), np.repeat(p, copies, axis=0), np.ones((1, copies.sum())), NAMES)
    assert {name: v[0] for name, v in weighted.items()} == pytest.approx({name: v[0] for name, v in copied.items()})


#: Printed as TP/TN/FP/FN in rai2025; with its swap undone: ALL right, healthy right, ALL missed, healthy called ALL.
RAI = {
    "AlexNet": ((1086, 344, 5, 165), 0.89375, 0.995, 344 / 509),
    "EfficientNet": ((1085, 278, 6, 231), 0.851875, 0.9945, 278 / 509),
    "VGG": ((955, 279, 136, 230), 0.77125, 0.8753, 279 / 509),
    "LeNet": ((1079, 319, 12, 190), 0.87375, 0.989, 319 / 509),
    "ResNet": ((1034, 288, 57, 221), 0.82625, 0.9478, 288 / 509),
}


@pytest.mark.parametrize("model", RAI)
def test_published_matrices_give_the_stated_accuracies(model):
    (all_right, healthy_right, all_missed, healthy_called), accuracy, sensitivity, specificity = RAI[model]
    counts = np.array([[[all_right, all_missed], [healthy_called, healthy_right]]], float)
    found = metrics.confusion_scores(counts, ["all", "healthy"])
    assert found["accuracy"][0] == pytest.approx(accuracy, abs=1e-9)
    assert found["recall_all"][0] == pytest.approx(sensitivity, abs=1e-3)
    assert found["specificity_all"][0] == pytest.approx(specificity, abs=1e-9)
    assert found["precision_all"][0] == pytest.approx(all_right / (all_right + healthy_called))


def test_alexnets_published_precision_recall_and_f1_are_those_of_the_swapped_matrix():
    swapped = np.array([[[1086, 165], [5, 344]]], float)
    found = metrics.confusion_scores(swapped, ["all", "healthy"])
    assert found["precision_all"][0] == pytest.approx(0.995, abs=5e-4)
    assert found["recall_all"][0] == pytest.approx(0.868, abs=5e-4)
    assert found["f1_all"][0] == pytest.approx(0.927, abs=5e-4)


def test_rezayis_networks_by_hand():
    found = metrics.confusion_scores(np.array([[[571, 243], [137, 1555]]], float), ["healthy", "all"])
    assert [round(float(found[name][0]), 2) for name in ("precision_healthy", "precision_all")] == [0.81, 0.86]
    assert [round(float(found[name][0]), 2) for name in ("recall_healthy", "recall_all")] == [0.70, 0.92]
    assert found["f2_healthy"][0] == pytest.approx(5 * 571 / (5 * 571 + 137 + 4 * 243))


def test_three_classes_by_hand():
    #            predicted  a  b  c
    counts = np.array([[[8, 1, 1], [2, 6, 2], [0, 0, 20]]], float)
    found = {name: v[0] for name, v in metrics.confusion_scores(counts, ["a", "b", "c"]).items()}
    assert found["accuracy"] == 34 / 40
    assert found["error_rate"] == pytest.approx(6 / 40)
    assert found["balanced_accuracy"] == pytest.approx((0.8 + 0.6 + 1) / 3)
    assert found["precision_a"] == 8 / 10
    assert found["specificity_a"] == 28 / 30
    assert found["weighted_precision"] == pytest.approx((10 * 0.8 + 10 * 6 / 7 + 20 * 20 / 23) / 40)
    by_chance = (10 * 10 + 10 * 7 + 20 * 23) / 40**2
    assert found["kappa"] == pytest.approx((0.85 - by_chance) / (1 - by_chance))


def test_losses_by_hand():
    y, p = np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    found = {name: v[0] for name, v in metrics.probability_scores(y, p, np.ones((1, 3)), 2).items()}
    assert found["log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.6) + np.log(0.1)) / 3)
    assert found["brier"] == pytest.approx((2 * 0.04 + 2 * 0.16 + 2 * 0.81) / 3)
    assert found["ece"] == pytest.approx(abs((1 + 1 + 0) - (0.8 + 0.6 + 0.9)) / 3)  # one bin holds all three


def test_ece_of_two_bins_by_hand():
    y = np.array([0, 0, 1, 0])
    p = np.array([[0.95, 0.05], [0.85, 0.15], [0.65, 0.35], [0.55, 0.45]])
    found = metrics.probability_scores(y, p, np.ones((1, 4)), 5)["ece"][0]
    # (0.8, 1]: 2 right, confidence .9; (0.6, 0.8]: wrong at .65; (0.4, 0.6]: right at .55
    assert found == pytest.approx((2 * 0.1 + 0.65 + 0.45) / 4)


def test_certain_and_wrong_is_finite():
    found = metrics.probability_scores(np.array([1]), np.array([[1.0, 0.0]]), np.ones((1, 1)), 10)
    assert found["log_loss"][0] == pytest.approx(-np.log(np.finfo(float).eps))


def test_bins_close_on_the_right():
    assert metrics.confidence_bins(np.array([0.0, 0.1, 0.2, 0.21, 1.0]), 10).tolist() == [0, 0, 1, 2, 9]


def test_an_absent_class_has_no_metrics_and_takes_no_part_in_averages():
    y, p, _ = sample(4, k=3)
    mask = (y != 2).astype(float)
    found = {name: v[0] for name, v in metrics.score(y, p, mask[None], NAMES[:3]).items()}
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {f"{m}_c" for m in ("precision", "recall", "specificity", "f1", "f2", "roc_auc", "pr_auc")}
    assert found["macro_f1"] == pytest.approx((found["f1_a"] + found["f1_b"]) / 2)
    assert found["balanced_accuracy"] == found["macro_recall"]


def test_one_class_only():
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    found = {name: v[0] for name, v in metrics.score(np.array([0, 0]), p, np.ones((1, 2)), ["a", "b"]).items()}
    assert (found["accuracy"], found["mcc"], found["recall_a"], found["pr_auc_a"]) == (1, 0, 1, 1)
    assert all(np.isnan(found[name]) for name in ("kappa", "specificity_a", "roc_auc_a", "macro_roc_auc", "recall_b"))


def test_a_class_never_predicted_has_precision_zero():
    counts = np.array([[[5, 0], [3, 0]]], float)
    found = metrics.confusion_scores(counts, ["a", "b"])
    assert (found["precision_b"][0], found["f1_b"][0], found["macro_precision"][0]) == (0, 0, 5 / 16)


def test_no_weight_at_all_is_undefined_not_an_error():
    y, p, _ = sample(5, n=20)
    assert all(np.isnan(v[0]) for v in metrics.score(y, p, np.zeros((1, 20)), NAMES).values())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=9, max_size=9))
def test_bounds_and_identities(cells):
    found = {
        n: v[0] for n, v in metrics.confusion_scores(np.reshape(cells, (1, 3, 3)).astype(float), NAMES[:3]).items()
    }
    if sum(cells):
        assert found["weighted_recall"] == pytest.approx(found["accuracy"])
        assert found["macro_recall"] == pytest.approx(found["balanced_accuracy"])
    for name, value in found.items():
        assert np.isnan(value) or (-1 if name in ("kappa", "mcc") else 0) - 1e-12 <= value <= 1 + 1e-12
