import time

import pytest
from audit_examples import inputs_of

from hemapipe.audit import repeats

LABELS = [
    {"label": "a", "patient": "p1", "sha256": "x"},
    {"label": "a", "patient": "p2", "sha256": "x"},
    {"label": "b", "patient": "p3", "sha256": "y", "conflict": True},
    {"label": "a", "patient": "p1", "sha256": "y", "conflict": True},
    {"label": "b", "patient": "p3"},
    {"label": "b", "patient": "p3", "status": "unreadable", "sha256": ""},
    {"label": "b", "patient": "p4", "status": "unreadable", "sha256": ""},
]


def test_exact_repeats_across_labels_and_patients(tmp_path):
    finding = repeats.check_exact(inputs_of(LABELS, tmp_path))
    assert finding.verdict == "inflates" and "2 across patients" in finding.evidence
    assert finding.numbers | {} == {
        "n_sets": 2, "n_across_labels": 1, "n_across_patients": 2, "n_across_roles": 0, "has_roles": 0
    }  # fmt: skip
    # the set that goes across labels is shown first
    assert [image for image, _ in finding.panels[0].images] == ["i002", "i003"]
    assert finding.panels[0].images[0][1] == "b · p3"


def test_files_without_pixels_are_no_repeats(tmp_path):
    assert repeats.exact_sets(inputs_of(LABELS[5:], tmp_path).manifest) == []


def test_a_split_that_keeps_copies_together_is_a_warning_one_that_does_not_inflates(tmp_path):
    def judged(other_role, fold=0):
        splits = [("i000", 0, "test", -1), ("i001", fold, other_role, -1)]
        return repeats.check_exact(inputs_of(LABELS[:2], tmp_path, splits=splits))

    assert judged("train").verdict == judged("val").verdict == "inflates"
    assert judged("train").numbers["n_across_roles"] == 1
    assert judged("test").verdict == judged("embargo").verdict == "warning"
    assert judged("train", fold=1).verdict == "warning"  # of another fold


def test_near_repeats_are_pairs_with_their_evidence(tmp_path):
    inputs = inputs_of(LABELS, tmp_path, near=[("i004", "i000")])
    finding = repeats.check_near(inputs)
    assert repeats.near_pairs(inputs) == [["i000", "i004"]]
    assert finding.verdict == "inflates" and finding.numbers["n_across_labels"] == 1
    assert finding.panels[0].caption == "similarity 0.99, overlap 0.90; mirror"
    assert repeats.check_near(inputs_of(LABELS, tmp_path)).verdict == "ok"


def test_the_advice_is_of_use_for_that_kind_of_copy(tmp_path):
    inputs = inputs_of(LABELS, tmp_path, near=[("i004", "i000")])
    assert "drop the copies (split.drop: duplicate)" in repeats.check_exact(inputs).advice
    assert "split.drop: duplicate leaves them all in" in repeats.check_near(inputs).advice


def test_where_no_patient_is_known_none_are_counted(tmp_path):
    rows = [{**row, "patient": ""} for row in LABELS]
    inputs = inputs_of(rows, tmp_path, near=[("i004", "i000")])
    for check in (repeats.check_exact, repeats.check_near):
        assert "1 across labels, patients unknown." in check(inputs).evidence


def test_without_labels_none_are_counted(tmp_path):
    inputs = inputs_of([{"sha256": "x"}, {"sha256": "x"}], tmp_path)
    assert "labels unknown, patients unknown." in repeats.check_exact(inputs).evidence
    assert repeats.check_contradictions(inputs).evidence == "No label is known."


@pytest.mark.parametrize(
    ("owners", "words"),
    [
        ([{"patient": "20", "person": "20+21"}, {"patient": "21", "person": "20+21"}], "0 across patients."),
        ([{"person": "a"}, {"person": "b"}], "1 across patients."),
        ([{"patient": "a"}, {}], "patients unknown."),
        ([{"patient": "a"}, {"patient": "b"}, {}], "1 across patients (1 with images of unknown ones)."),
    ],
)
def test_copies_are_counted_by_person_and_not_where_nobody_knows(tmp_path, owners, words):
    pairs = [owner | {"label": "a", "sha256": "x"} for owner in owners]
    known = [{"label": "a", "patient": "z", "sha256": "y"}] * 2 if "unknown ones" in words else []
    assert words in repeats.check_exact(inputs_of(pairs + known, tmp_path)).evidence


def test_contradictory_labels_by_equal_pixels_and_by_near_repeats(tmp_path):
    inputs = inputs_of(LABELS, tmp_path, near=[("i000", "i004"), ("i001", "i000")])
    finding = repeats.check_contradictions(inputs)
    assert repeats.contradictory_sets(inputs.manifest) == [["i002", "i003"]]
    assert finding.verdict == "warning" and dict(finding.numbers) == {"n_sets": 1, "n_near_pairs": 1}
    assert repeats.check_contradictions(inputs_of(LABELS[:2], tmp_path)).verdict == "ok"


def test_a_panel_of_copies_shows_each_label_and_patient_first(tmp_path):
    rows = [{"label": "a", "patient": "p", "sha256": "x", "conflict": True} for _ in range(14)]
    rows += [{"label": "a", "patient": "q", "sha256": "x", "conflict": True}]
    rows += [{"label": "b", "patient": "p", "sha256": "x", "conflict": True}]
    panel = repeats.check_contradictions(inputs_of(rows, tmp_path)).panels[0]
    assert panel.caption == "equal pixels, different labels; 6 of 16 shown"
    assert [note for _, note in panel.images] == ["a · p"] * 4 + ["a · q", "b · p"]


def test_many_copies_take_no_time_to_count(tmp_path):
    rows = [{"label": "a", "sha256": "x"} for _ in range(3000)]
    rows = [row | {"image_id": f"i{n:04d}"} for n, row in enumerate(rows)]
    splits = [(f"i{n:04d}", n % 5, "test", -1) for n in range(3000)]
    inputs = inputs_of(rows, tmp_path, splits=splits)
    began = time.perf_counter()
    assert repeats.check_exact(inputs).numbers["n_across_roles"] == 0
    assert time.perf_counter() - began < 1  # all pairs would take many seconds
