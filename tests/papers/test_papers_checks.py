"""Every point of what does not add up, derived; and that no finding outlives the numbers it comes from."""

import math

import pytest
from papers_toy import SIXTH, load_changed

from hemapipe.core.errors import HemapipeError
from hemapipe.papers.check_numbers import coincidence, recall_of, smallest_set
from hemapipe.papers.check_protocols import copies_share, sibling_probability, whole_shares
from hemapipe.papers.checks import KINDS, find, run
from hemapipe.papers.claims import load_claims
from hemapipe.papers.printed import parse

#: paper, kind, what the arithmetic must hold: PAPERS.md, "What does not add up".
POINTS = [
    ("rai2025", "swapped_fp_fn", ["TP + FP is 1,091", "99.5 %", "sensitivity for ALL", "165", "344 / 509 = 67.6 %"]),
    ("rai2025", "row_totals", ["319 + 19 = 338", "1,429", "97.8 %", "With 190 in place of 19", "1,600", "87.375 %"]),
    ("rai2025", "fraction", ["88.975 %", "1,423.6", "multiple of 4,000 images"]),
    ("rai2025", "stated_images", ["509 + 1,091 = 1,600", "12,528", "15 % of 10,661"]),
    ("anand2025", "augmented_first", ["2,744 / 6,000 = 46 % are copies", "probability 0.96"]),
    ("anand2025", "several_values", ["91 % (table), 91.9 % (validation), 92.9 % (training), 93.8 % (matrix)"]),
    ("anand2025", "implied_recall", ["= 1.011, above 1", "only if both were rounded favourably", "0.995"]),
    ("anand2025", "called_highest", ["0.939", "accuracy of 0.96", "about 0.955"]),
    ("talupuri2025", "kfold_fraction", ["1,543 / 1,600", "one in 6,250", "10 folds of 160"]),
    ("yaseen2025", "not_all_right", ["650 / 651", "1 error, not none", "99.1 % to 100.0 %", "rounded it is 99.85 %"]),
    ("yaseen2025", "frozen_body", ["10,608,936", "1,669,376", "13.6 %"]),
    ("rezayi2021", "patients", ["10,661 of 73", "1,867 of 28", "101 patients, not 73"]),
    ("rezayi2021", "row_totals", ["616 + 201 = 817 healthy images, not 814"]),
    ("rezayi2021", "order", ["ResNet-50 85.6 %, CNN 84.8 %", "81.63 %", "82.10 %"]),
    ("rezayi2021", "matrix_accuracy", ["VGG-16: 84.62 % claimed, 2,167 / 2,509 = 86.37 %"]),
    ("rezayi2021", "mean_of_two", ["2 × 84.62 % − 97.41 % = 71.83 %"]),
    ("rezayi2021", "below_majority", ["27.33 %", "always answering healthy (814 / 2,506 = 32.5 %)"]),
    ("rezayi2021", "exceeds", ["RF 81.72 %", "ResNet-50 81.63 %", "0.09 points"]),
]


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def found_by(papers, paper, kind):
    entries = [entry for entry in papers[paper].checks if entry["kind"] == kind]
    assert entries
    return [finding for entry in entries for finding in run(papers[paper], entry)]


@pytest.mark.parametrize(("paper", "kind", "words"), POINTS, ids=[f"{p}-{k}" for p, k, _ in POINTS])
def test_each_point_is_derived(papers, paper, kind, words):
    text = " ".join(finding.arithmetic for finding in found_by(papers, paper, kind))
    assert [word for word in words if word not in text] == []


def test_every_kind_is_bound_and_every_bound_kind_tested(papers):
    bound = {entry["kind"] for paper in papers.values() for entry in paper.checks}
    assert bound == set(KINDS)
    assert bound - {kind for _, kind, _ in POINTS} == {"totals"}


def test_totals_that_agree_find_nothing(papers):
    assert found_by(papers, "anand2025", "totals") == found_by(papers, "rezayi2021", "totals") == []


def test_between_papers(papers):
    (one,) = [finding for finding in find(papers) if finding.paper == "rai2025 and rezayi2021"]
    assert "rai2025 scores 1,600 images and rezayi2021 scores 2,506" in one.arithmetic


def claims_of(content, paper, model):
    return content["papers"][paper]["claims"][model]


def rezayi_orders(content):
    claims_of(content, "rezayi2021", "CNN")["accuracy"][0]["value"] = "80 %"


def rezayi_means(content):
    """Training accuracies that make 2 × mean − training the matrix's accuracy."""
    for model, training in (("VGG-16", "82.87 %"), ("ResNet-50", "77.67 %"), ("CNN", "79.36 %")):
        claims_of(content, "rezayi2021", model)["accuracy"][1]["value"] = training


def rezayi_text(content):
    for model, accuracy in (("VGG-16", "86.37 %"), ("ResNet-50", "85.59 %"), ("CNN", "84.83 %")):
        claims_of(content, "rezayi2021", model)["accuracy"][0]["value"] = accuracy


def swap_back(content):
    for matrix in content["papers"]["rai2025"]["matrices"].values():
        matrix["fp"], matrix["fn"] = matrix["fn"], matrix["fp"]


def several(content):
    claims = claims_of(content, "anand2025", "CNN (Adamax)")
    claims["accuracy"] = claims["accuracy"][:1]
    claims["precision_benign"] = ["0.96", "96.2 %"]


def put(paper, *path_and_value):
    *path, last, value = path_and_value

    def change(content):
        place = content["papers"][paper]
        for key in path:
            place = place[key]
        place[last] = value

    return change


#: A change after which the numbers agree, so that nothing is found.
MENDED = [
    ("rai2025", "swapped_fp_fn", swap_back),
    ("rai2025", "row_totals", put("rai2025", "matrices", "LeNet", "fn", 190)),
    ("rai2025", "fraction", put("rai2025", "claims", "AlexNet", "accuracy", 1, "value", "89.375 %")),
    ("rai2025", "stated_images", put("rai2025", "stated", "n_images", 10661)),
    ("anand2025", "several_values", several),
    ("anand2025", "implied_recall", put("anand2025", "claims", "CNN (Adam)", "f1_pro", "0.97")),
    ("anand2025", "called_highest", put("anand2025", "claims", "YOLOv8", "macro_f1", "0.961")),
    ("talupuri2025", "kfold_fraction", put("talupuri2025", "claims", "EfficientNetB3", "accuracy", "96.43753 %")),
    ("yaseen2025", "not_all_right", put("yaseen2025", "claims", "EfficientNetB3", "roc_auc_pre", "0.9999")),
    ("yaseen2025", "frozen_body", put("yaseen2025", "stated", "n_frozen", 10000000)),
    ("rezayi2021", "patients", put("rezayi2021", "stated", "n_patients", 101)),
    ("rezayi2021", "row_totals", put("rezayi2021", "matrices", "VGG-16", "rows", 0, [613, 201])),
    ("rezayi2021", "order", rezayi_orders),
    ("rezayi2021", "matrix_accuracy", rezayi_text),
    ("rezayi2021", "mean_of_two", rezayi_means),
    ("rezayi2021", "below_majority", put("rezayi2021", "claims", "MLP", "accuracy", "67.53 %")),
    ("rezayi2021", "exceeds", put("rezayi2021", "claims", "RF", "accuracy", "81.62 %")),
]


@pytest.mark.parametrize(("paper", "kind", "change"), MENDED, ids=[f"{p}-{k}" for p, k, _ in MENDED])
def test_a_finding_vanishes_with_its_numbers(papers, tmp_path, paper, kind, change):
    assert found_by(papers, paper, kind)
    assert found_by(load_changed(tmp_path, change), paper, kind) == []


def test_without_copies_there_is_no_leak_to_find(tmp_path):
    def shrink(content):
        content["papers"]["anand2025"]["stated"]["per_class"] = 504

    assert found_by(load_changed(tmp_path, shrink), "anand2025", "augmented_first") == []


@pytest.mark.parametrize(
    ("paper", "kind", "change", "words"),
    [
        (
            "rezayi2021",
            "below_majority",
            put("rezayi2021", "claims", "MLP", "accuracy", "50 %"),
            "answering ALL (1,692",
        ),
        ("rezayi2021", "row_totals", put("rezayi2021", "matrices", "VGG-16", "rows", 0, [616, 200]), "= 816 healthy"),
        ("anand2025", "augmented_first", put("anand2025", "stated", "per_class", 1800), "3,944 / 7,200 = 55 %"),
        (
            "yaseen2025",
            "not_all_right",
            put("yaseen2025", "claims", "EfficientNetB3", "accuracy", "99.69 %"),
            "2 errors",
        ),
        (
            "yaseen2025",
            "not_all_right",
            put("yaseen2025", "claims", "EfficientNetB3", "accuracy", "99.80 %"),
            "no share",
        ),
        ("rezayi2021", "patients", put("rezayi2021", "stated", "n_images", 10661), None),
        (
            "anand2025",
            "implied_recall",
            put("anand2025", "claims", "CNN (Adam)", "f1_pro", "0.999"),
            "no rounding helps",
        ),
    ],
)
def test_a_sentence_changes_with_its_numbers(tmp_path, paper, kind, change, words):
    text = " ".join(finding.arithmetic for finding in found_by(load_changed(tmp_path, change), paper, kind))
    assert text == "" if words is None else words in text


def test_a_sixth_paper_has_its_checks_without_code(tmp_path):
    papers = load_changed(tmp_path, lambda content: content["papers"].update(sixth2026=SIXTH))
    (finding,) = [one for one in find(papers) if one.paper == "sixth2026"]  # 270 of 300 is the accuracy claimed
    assert finding.arithmetic == "100 + 200 = 300 images, not 301."


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "fractoin"}, "unknown kind of check 'fractoin'; did you mean 'fraction'"),
        ({}, "unknown kind of check ''"),
        ({"kind": "fraction", "model": "VGG"}, "check fraction: metric"),
        ({"kind": "row_totals", "modle": "VGG"}, "check row_totals: modle"),
        ({"kind": "patients"}, "needs stated.n_patients"),
        ({"kind": "fraction", "model": "VG", "metric": "accuracy"}, "no accuracy of 'VG'"),
    ],
)
def test_mistakes_in_entries_are_named(papers, entry, message):
    with pytest.raises(HemapipeError) as caught:
        run(papers["rai2025"], entry)
    assert message in str(caught.value)


def test_sibling_probability_by_hand():
    # 2 originals, 4 variants, 1 tested: its one sibling is always in training.
    assert sibling_probability(2, 4, 0.25) == 1
    # 2 of 4 tested: the sibling is one of the three others, one of which is tested.
    assert sibling_probability(2, 4, 0.5) == pytest.approx(2 / 3)
    assert sibling_probability(10, 10, 0.2) == 0
    # 492 of 504 originals have three variants, 12 two; 300 of 1,500 are tested.
    two, three = 299 / 1499, 299 / 1499 * 298 / 1498
    assert sibling_probability(504, 1500, 0.2) == pytest.approx(1 - (24 * two + 1476 * three) / 1500)
    assert round(sibling_probability(504, 1500, 0.2), 2) == 0.96


def test_copies_share_by_hand():
    assert copies_share({"a": 504, "b": 985, "c": 963, "d": 804}, 1500) == pytest.approx(2744 / 6000)
    assert copies_share({"a": 5, "b": 20}, 10) == pytest.approx(5 / 30)  # b has enough already


def test_small_arithmetic():
    assert smallest_set(parse("88.975 %")) == (517, 460)
    assert smallest_set(parse("50 %")) == (2, 1)
    assert coincidence(parse("96.43750 %")) == 6250
    assert recall_of(0.97, 0.99) == pytest.approx(1.0108, abs=1e-4)
    assert math.isinf(recall_of(0.4, 0.9))
    assert whole_shares(1600, 10661) == [15]
    assert whole_shares(1600, 12528) == []
    assert whole_shares(651, 3256) == [20]
