"""The confusion matrices the papers printed, through hemapipe's own metrics: what they give, and what cannot be.

The numbers are published facts; their sources are in the tables. ALL is the positive class throughout.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from hemapipe.evaluation.metrics import confusion_scores
from hemapipe.evaluation.wilson import wilson

NAMES = ["healthy", "all"]


class Printed(NamedTuple):
    """Counts under the names the paper printed them by, and the accuracy it claimed, in per cent."""

    tp: int
    tn: int | None
    fp: int
    fn: int
    accuracy: float


#: Deep Learning for Leukemia Classification (Fractal Fract. 2025): C-NMC, ALL against healthy, 15 % of 10,661 images.
RAI = {
    "VGG": Printed(955, 279, 136, 230, 77.1),
    "EfficientNet": Printed(1085, 278, 6, 231, 85.1),
    "LeNet": Printed(1079, 319, 12, 19, 87.3),
    "AlexNet": Printed(1086, 344, 5, 165, 89.3),
    "CNN": Printed(946, None, 145, 153, 81.3),
    "ResNet": Printed(1034, 288, 57, 221, 82.6),
}
N_ALL, N_HEALTHY = 1091, 509
LENET_FN = 190

#: Timely Diagnosis of ALL (10.1155/2021/5478157): healthy right, healthy wrong, ALL wrong, ALL right; 20 % of C-NMC.
REZAYI = {"VGG-16": (616, 201, 141, None), "CNN": (571, 243, 137, 1555), "ResNet-50": (606, 208, 153, None)}
REZAYI_HEALTHY, REZAYI_ALL = 814, 1692
#: recall and precision as printed: healthy, ALL
REZAYI_RECALL = {"VGG-16": (0.75, 0.92), "ResNet-50": (0.74, 0.91), "CNN": (0.70, 0.92)}
REZAYI_PRECISION = {"VGG-16": (0.81, 0.89), "ResNet-50": (0.80, 0.88), "CNN": (0.81, 0.86)}


def metrics(healthy_right, healthy_wrong, all_wrong, all_right):
    counts = np.array([[[healthy_right, healthy_wrong], [all_wrong, all_right]]], float)
    return {name: float(value[0]) for name, value in confusion_scores(counts, NAMES).items()}


def as_labelled(of: Printed):
    """Take the printed names at their word."""
    return metrics(of.tn, of.fp, of.fn, of.tp)


def as_meant(of: Printed):
    """Give FP and FN each other's place."""
    return metrics(of.tn, of.fn, of.fp, of.tp)


def test_rai_printed_tp_and_fp_sum_to_one_number_of_images_of_a_class():
    assert {of.tp + of.fp for of in RAI.values()} == {N_ALL}
    assert len({of.tp + of.fn for of in RAI.values()}) == 6  # what should be the number of ALL images is never the same
    assert {of.tn + of.fn for name, of in RAI.items() if name in ("VGG", "EfficientNet", "AlexNet", "ResNet")} == {
        N_HEALTHY
    }
    assert N_ALL + N_HEALTHY == 1600 == math.ceil(0.15 * 10_661)


@pytest.mark.parametrize("name", ["VGG", "EfficientNet", "AlexNet", "ResNet"])
def test_rai_accuracies_are_those_of_the_matrices_cut_after_one_digit(name):
    assert math.floor(1000 * as_meant(RAI[name])["accuracy"]) / 10 == RAI[name].accuracy


def test_rai_alexnets_precision_and_recall_are_swapped():
    printed, meant = as_labelled(RAI["AlexNet"]), as_meant(RAI["AlexNet"])
    # Claimed: precision 99.5, recall 86.8, F1 92.7.
    assert [round(100 * printed[f"{m}_all"], 1) for m in ("precision", "recall", "f1")] == [99.5, 86.8, 92.7]
    assert [round(100 * meant[f"{m}_all"], 1) for m in ("recall", "precision", "f1")] == [99.5, 86.8, 92.7]


def test_rai_alexnets_specificity_is_two_thirds():
    meant = as_meant(RAI["AlexNet"])
    assert meant["specificity_all"] == 344 / 509 == meant["recall_healthy"]
    assert round(100 * meant["specificity_all"], 1) == 67.6
    assert round(100 * meant["balanced_accuracy"], 1) == 83.6


def test_rai_lenet_cannot_have_missed_nineteen():
    lenet = RAI["LeNet"]
    assert lenet.tp + lenet.tn + lenet.fp + lenet.fn == 1429
    assert round(100 * as_meant(lenet)["accuracy"], 1) == 97.8
    mended = lenet._replace(fn=LENET_FN)
    assert mended.tn + mended.fn == N_HEALTHY
    assert math.floor(1000 * as_meant(mended)["accuracy"]) / 10 == lenet.accuracy


def test_rai_the_cnns_missing_number_follows():
    cnn = RAI["CNN"]
    found = metrics(N_HEALTHY - cnn.fn, cnn.fn, cnn.fp, cnn.tp)
    assert math.floor(1000 * found["accuracy"]) / 10 == cnn.accuracy


def test_rai_the_abstracts_accuracy_is_no_share_of_1600():
    def fits(n):
        return any(f"{100 * k / n:.3f}" == "88.975" for k in (math.floor(0.88975 * n), math.ceil(0.88975 * n)))

    assert not fits(N_ALL + N_HEALTHY)
    assert Fraction(88_975, 100_000).denominator == 4000  # as an exact share it needs as many images
    assert next(n for n in range(1, 4000) if fits(n)) == 517  # as a rounded one 460 of 517 would do


def test_rezayi_vggs_healthy_row_holds_three_images_too_many():
    sums = {name: right + wrong for name, (right, wrong, *_) in REZAYI.items()}
    assert sums == {"VGG-16": 817, "CNN": REZAYI_HEALTHY, "ResNet-50": REZAYI_HEALTHY}
    assert REZAYI["CNN"][2] + REZAYI["CNN"][3] == REZAYI_ALL


@pytest.mark.parametrize("name", REZAYI)
def test_rezayi_recall_and_precision_follow_from_the_matrices(name):
    right, wrong, missed, _ = REZAYI[name]
    found = metrics(right, wrong, missed, REZAYI_ALL - missed)
    for metric, printed in (("recall", REZAYI_RECALL), ("precision", REZAYI_PRECISION)):
        assert [found[f"{metric}_{kind}"] for kind in NAMES] == pytest.approx(printed[name], abs=0.005)


def test_rezayi_resnet_stands_above_the_cnn_in_the_matrices_and_below_in_the_text():
    accuracy = {}
    for name, (right, wrong, missed, _) in REZAYI.items():
        accuracy[name] = 100 * metrics(right, wrong, missed, REZAYI_ALL - missed)["accuracy"]
    assert accuracy["ResNet-50"] > accuracy["CNN"]
    assert {name: round(value, 1) for name, value in accuracy.items()} == {
        "VGG-16": 86.4,
        "CNN": 84.8,
        "ResNet-50": 85.6,
    }


def test_rezayi_the_mlp_is_worse_than_one_answer_for_all():
    always_healthy = metrics(REZAYI_HEALTHY, 0, REZAYI_ALL, 0)["accuracy"]
    assert round(100 * always_healthy, 1) == 32.5 > 27.33


def test_yaseen_one_error_in_651_and_what_it_says():
    assert round(0.2 * 3256) == 651
    assert math.floor(10_000 * 650 / 651) / 100 == 99.84  # cut: rounded it is 99.85
    assert [round(100 * end, 1) for end in wilson(650, 651)] == [99.1, 100.0]


def test_talupuri_the_ten_fold_mean_is_a_multiple_of_one_1600th():
    assert 100 * 1543 / 1600 == 96.4375
    low, high = wilson(1543, 1600)
    assert (round(100 * low, 1), round(100 * high, 1)) == (95.4, 97.2)
