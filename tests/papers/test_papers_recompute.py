import numpy as np
import pytest
from papers_toy import load_changed

from hemapipe.core.errors import HemapipeError
from hemapipe.papers.claims import load_claims
from hemapipe.papers.recompute import class_totals, fill, is_swapped, printed, recompute


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def test_alexnet_as_printed_and_as_meant(papers):
    asis, meant = (recompute(papers["rai2025"], "AlexNet", meant) for meant in (False, True))
    assert [round(100 * asis.metrics[f"{m}_all"], 1) for m in ("precision", "recall", "f1")] == [99.5, 86.8, 92.7]
    assert [round(100 * meant.metrics[f"{m}_all"], 1) for m in ("recall", "precision", "f1")] == [99.5, 86.8, 92.7]
    assert meant.metrics["specificity_all"] == 344 / 509
    assert (asis.note, meant.note) == ("", "FP and FN exchanged")
    assert meant.counts.tolist() == [[344, 165], [5, 1086]]


@pytest.mark.parametrize("model", ["VGG", "EfficientNet", "AlexNet", "ResNet", "CNN"])
def test_rai_accuracies_are_those_of_the_matrices_cut(papers, model):
    claimed = papers["rai2025"].find(model, "accuracy", also=False)[0].claimed
    assert int(1000 * recompute(papers["rai2025"], model).metrics["accuracy"]) / 1000 == claimed


def test_totals_follow_from_the_matrices_or_are_stated(papers):
    assert class_totals(papers["rai2025"]) == {"hem": 509, "all": 1091}
    assert class_totals(papers["rezayi2021"]) == {"hem": 814, "all": 1692}
    assert class_totals(papers["yaseen2025"]) == {}


def test_a_missing_cell_is_filled_and_said(papers):
    cnn = recompute(papers["rai2025"], "CNN")
    assert cnn.counts.tolist() == [[356, 153], [145, 946]]
    assert "hem called hem is not printed: 509 − 153 = 356" in cnn.note
    resnet = recompute(papers["rezayi2021"], "ResNet-50")
    assert resnet.counts.tolist() == [[606, 208], [153, 1539]]
    assert resnet.note == "all called all is not printed: 1,692 − 153 = 1,539"


def test_what_totals_do_not_determine_stays_missing(papers):
    assert recompute(papers["rai2025"], "CNN", meant=False) is None
    assert recompute(papers["rai2025"], "no such model") is None
    counts = np.array([[np.nan, np.nan], [5.0, np.nan]])
    filled, notes = fill(counts, {"a": 10, "b": 4}, ["a", "b"])
    assert np.isnan(filled).sum() == 3
    assert notes == []  # two in a row; and 4 − 5 is no count


def test_lenet_is_left_as_printed(papers):
    assert round(100 * recompute(papers["rai2025"], "LeNet").metrics["accuracy"], 1) == 97.8


@pytest.mark.parametrize("model", ["VGG-16", "CNN", "ResNet-50"])
def test_rezayi_recall_and_precision_follow(papers, model):
    found = recompute(papers["rezayi2021"], model).metrics
    for metric in ("recall_hem", "recall_all", "precision_hem", "precision_all"):
        assert found[metric] == pytest.approx(papers["rezayi2021"].find(model, metric)[0].claimed, abs=0.005)


def test_only_a_constant_tp_plus_fp_means_a_swap(papers, tmp_path):
    def mend(content):
        for matrix in content["papers"]["rai2025"]["matrices"].values():
            matrix["fp"], matrix["fn"] = matrix["fn"], matrix["fp"]

    assert is_swapped(papers["rai2025"])
    assert not is_swapped(papers["rezayi2021"])
    mended = load_changed(tmp_path, mend)["rai2025"]
    assert not is_swapped(mended)
    meant = recompute(papers["rai2025"], "AlexNet").counts
    assert recompute(mended, "AlexNet").counts.tolist() == meant.tolist()


def test_the_positive_class_may_be_the_first(tmp_path):
    def turn(content):
        content["papers"]["rai2025"]["positive"] = "hem"

    assert printed(load_changed(tmp_path, turn)["rai2025"], "AlexNet").tolist() == [[1086, 165], [5, 344]]


def test_named_counts_need_a_positive_class(tmp_path):
    papers = load_changed(tmp_path, lambda content: content["papers"]["rai2025"].pop("positive"))
    with pytest.raises(HemapipeError, match="`positive`"):
        printed(papers["rai2025"], "VGG")
