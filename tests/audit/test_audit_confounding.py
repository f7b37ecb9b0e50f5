import pytest
from audit_examples import inputs_of, people

from hemapipe.audit import confounding, shortcuts

#: Six patients, four of whom have cells of both classes.
BOTH = [{"label": label, "patient": f"p{n}"} for n in range(6) for label in ("ab" if n < 4 else "ab"[n % 2])]


@pytest.mark.parametrize(
    ("rows", "verdict", "words"),
    [
        (people(6), "ok", "12 patients (a 6, b 6); 4 images of a patient (median), 4 at most."),
        ([*people(6), {"label": "c", "patient": "c0"}], "inflates", "one patient only: c"),
        (BOTH, "ok", "4 patients in more than one class (p0, p1, p2, p3): labels of cells, not of people"),
        (people(6) + people(2, "c"), "warning", "fewer than 5 patients: c"),
        ([*people(6), {"label": "a", "patient": "b0"}], "warning", "1 patient in more than one class (b0)"),
        ([*people(6), {"label": "a"}], "warning", "1 image of no known patient"),
        (
            people(9, "b") + people(1, "a", 90) + [{"label": "a", "patient": f"a{n}"} for n in range(1, 6)],
            "warning",
            "95 % of a is of a0",
        ),
        (
            [{"label": "a", "patient": f"p{n}", "person": "p"} for n in range(6)] + people(6, "b"),
            "inflates",
            "7 patients under 12 numbers (a 1, b 6); 4 images of a patient (median), 6 at most. one patient only",
        ),
        ([{"label": "a", "person": f"p{n}"} for n in range(6)], "ok", "6 patients (a 6)"),
        ([{"label": "a"}], "warning", "No patient is known"),
        ([{}], "warning", "No patient is known"),
        ([{"patient": "p0", "sequence": "1"}], "warning", "No image has a label, so"),
        ([{"label": "a"}, {"patient": "p0"}], "warning", "Patients are known of images without a label only"),
    ],
)
def test_patients_behind_the_classes(tmp_path, rows, verdict, words):
    finding = confounding.check_patients(inputs_of(rows, tmp_path))
    assert finding.verdict == verdict and words in finding.evidence


def test_a_class_of_one_cohort_is_told_by_it(tmp_path):
    mixed = [{"label": label, "cohort": cohort} for label in "ab" for cohort in "xy"]
    assert confounding.check_cohorts(inputs_of([{"label": "a"}], tmp_path)) is None
    assert confounding.check_cohorts(inputs_of(mixed, tmp_path)).verdict == "ok"
    finding = confounding.check_cohorts(inputs_of([*mixed, {"label": "c", "cohort": "z"}], tmp_path))
    # cohort x and y are called a, z is called c: recalls 1, 0, 1
    assert finding.verdict == "inflates" and "balanced accuracy 0.667 (chance 0.333)." in finding.evidence
    assert finding.evidence.endswith("From one cohort only: c.")


def test_a_class_that_is_one_group_cannot_be_tested(tmp_path):
    assert shortcuts.check_testable(inputs_of(people(2), tmp_path)) is None
    finding = shortcuts.check_testable(inputs_of(people(2) + people(1, "c"), tmp_path))
    assert finding.verdict == "inflates" and "All images of c" in finding.evidence


def test_each_problem_of_patients_has_its_advice(tmp_path):
    several = confounding.check_patients(inputs_of([*people(6), {"label": "a", "patient": "b0"}], tmp_path))
    unknown = confounding.check_patients(inputs_of([*people(6), {"label": "a"}], tmp_path))
    assert "right patient" in several.advice and "whose they are" in unknown.advice
    assert "so few people" not in several.advice + unknown.advice
    assert "{patient}" in confounding.check_patients(inputs_of([{"label": "a"}], tmp_path)).advice


@pytest.mark.parametrize(("n_odd", "verdict"), [(1, "inflates"), (12, "warning"), (24, "ok")])
def test_cohorts_that_nearly_tell_the_class_are_judged_by_how_well(tmp_path, n_odd, verdict):
    rows = [
        {"label": label, "cohort": cohort if number >= n_odd else other}
        for label, cohort, other in (("a", "x", "y"), ("b", "y", "x"))
        for number in range(50)
    ]
    assert confounding.check_cohorts(inputs_of(rows, tmp_path)).verdict == verdict


def test_several_classes_of_one_group_each(tmp_path):
    finding = shortcuts.check_testable(inputs_of(people(1, "abc"), tmp_path))
    assert finding.evidence.startswith("Of each of a, b, c all images hang together as one group")
    assert finding.evidence.endswith("on the same patient or field.")
    lone = [{"label": "c"}, {"label": "d", "patient": "d0"}, {"label": "e", "person": "e0"}]
    unknown = shortcuts.check_testable(inputs_of([*people(6), *lone], tmp_path))
    assert "Of c not all patients are known: there a session, a guess, may tie" in unknown.evidence
