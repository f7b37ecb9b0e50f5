from pathlib import Path

import pytest

from hemapipe.papers.claims import load_claims
from hemapipe.papers.runs import Ours, Run
from hemapipe.papers.verdict import Gap, against, describe, gap, verdict

PAPERS = load_claims()
CLAIM = PAPERS["yaseen2025"].find("EfficientNetB3", "accuracy")[0]  # .9984
ABOVE = PAPERS["talupuri2025"].find("EfficientNetB4", "accuracy")[0]  # above .95
CLAIM_AUC = PAPERS["yaseen2025"].find("EfficientNetB3", "roc_auc_pre")[0]  # 1.0
PLAIN = Run(Path("r"), "honest", "", False, "", "cpu")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.990, 1.0, "claim inside our interval"),
        (0.9, 0.99835, "claim inside our interval"),  # by half the last printed digit
        (0.95, 0.97, "claim above our interval by 0.028"),
        (0.999, 1.0, "claim below our interval by 0.001"),
    ],
)
def test_the_claim_against_our_interval(low, high, words):
    assert against(CLAIM, Ours((low + high) / 2, low, high)) == words


def test_without_an_interval_the_figure_itself():
    assert against(CLAIM, Ours(0.9, None, None)) == "claim above our figure, which has no interval, by 0.098"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Ours(0.97, 0.96, 0.98), "at least the claim (above 0.95)"),
        (Ours(0.96, 0.94, 0.98), "figure above the claim's 0.95, interval reaches below it"),
        (Ours(0.90, 0.85, 0.93), "not above 0.95 as claimed"),
    ],
)
def test_a_claim_that_is_a_bound(found, words):
    assert against(ABOVE, found) == words


def test_gap_by_hand():
    # Newcombe (1998), table II, case (a), method 10: 56/70 − 48/80 = .2000, interval .0524 to .3339
    found = gap(Ours(0.8, 0.6918, 0.8770), Ours(0.6, 0.4904, 0.7004))
    assert (round(found.value, 4), round(found.low, 3), round(found.high, 3)) == (0.2, 0.052, 0.334)
    assert gap(Ours(0.8, None, None), Ours(0.6, 0.5, 0.7)) == Gap(pytest.approx(0.2), None, None)


@pytest.mark.parametrize(
    ("between", "words"),
    [
        (Gap(0.1, 0.05, 0.15), "honest lower by 0.100 [0.050, 0.150]"),
        (Gap(0.01, -0.02, 0.04), "honest lower by 0.010 [-0.020, 0.040], not distinguishable"),
        (Gap(-0.1, -0.15, -0.05), "honest higher by 0.100 [0.050, 0.150]"),
        (Gap(0.1, None, None), "honest lower by 0.100"),
    ],
)
def test_the_gap_in_words(between, words):
    assert describe(between) == words


def test_what_a_reader_must_know_of_our_figure_is_said():
    found = Ours(0.9, None, None, "validation accuracy stands in for test accuracy")
    words = "claim above our figure, which has no interval, by 0.098; validation accuracy stands in for test accuracy"
    assert verdict(CLAIM, PLAIN, found, None) == words
    stand_in = Run(Path("r"), "published", "deepapl", False, "deepapl", None)
    assert verdict(CLAIM, stand_in, found, None).endswith("no test of the claim; " + found.note)


def test_reduced_runs_and_stand_ins_say_so():
    found = Ours(0.9, 0.88, 0.92)
    reduced = Run(Path("r"), "published", "reduced", True, "", None)
    assert verdict(CLAIM, reduced, found, None) == "reduced run; claim above our interval by 0.078"
    stand_in = Run(Path("r"), "published", "deepapl", False, "deepapl", None)
    assert verdict(CLAIM, stand_in, found, None) == "stand-in data: no test of the claim"
    assert verdict(CLAIM, None, None, None) == verdict(CLAIM, PLAIN, None, None) == "no result"


def test_rounding_allows_no_more_than_half_a_percent():
    perfect = CLAIM_AUC
    assert against(perfect, Ours(0.94, 0.93, 0.951)) == "claim above our interval by 0.049"
    assert against(perfect, Ours(0.99, 0.98, 0.996)) == "claim inside our interval"
