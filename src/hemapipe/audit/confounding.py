"""Who stands behind the classes: few patients, one patient, patients in two classes, classes of one cohort."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from hemapipe.audit.findings import Finding, Verdict, worst_of
from hemapipe.audit.inputs import Inputs
from hemapipe.core.tables import persons
from hemapipe.core.text import counted, some

#: With fewer patients in a class its recall rests on a handful of people (and five folds cannot all test it).
_FEW = 5
#: A patient with more than this share of a class's images is most of what is learnt of it.
_MOST = 0.5
#: Balanced accuracy of guessing by the cohort: from here on it would carry a result …
_TOLD = 0.8
#: … and this far from chance to 1 it is more than the luck of a guess that is scored on what it was made from.
_MARGIN = 0.2
_PATTERN = "'images/{patient}/{label}/{name}', with {sequence} for the order of capture"


class _Problem(NamedTuple):
    verdict: Verdict
    evidence: str
    advice: str


def check_patients(inputs: Inputs) -> Finding:
    """Judge how classes and patients (known persons, where several numbers are one) go together."""
    rows = inputs.rows[inputs.rows["label"] != ""]
    rows = rows.assign(who=persons(rows))
    known = rows[rows["who"] != ""]
    if known.empty:
        return _unknown(inputs, len(rows))
    n_patients = known.groupby("label")["who"].nunique()
    several = known.groupby("who")["label"].nunique()
    both = sorted(several.index[several > 1])
    of_cells = len(both) > 0.5 * len(several)  # then labels are of single cells, and a patient has several kinds
    told = f"{counted(len(both), 'patient')} in more than one class ({some(both)})"
    problems = _few(n_patients) + _dominated(known)
    if both and not of_cells:
        advice = (
            "Look up whether those images bear the right label or the right patient; keep each patient on one side."
        )
        problems.append(_Problem("warning", told, advice))
    if len(known) < len(rows):
        told_of = f"{counted(len(rows) - len(known), 'image')} of no known patient"
        advice = "Find out whose they are, or leave them out: they may show a patient who is tested."
        problems.append(_Problem("warning", told_of, advice))
    per_patient = known["who"].value_counts()
    usual = counted(int(per_patient.median()), "image")
    counts = ", ".join(f"{label} {n}" for label, n in n_patients.items())
    parts = [problem.evidence for problem in problems]
    parts += [f"{told}: labels of cells, not of people"] if both and of_cells else []
    n_numbers = known.loc[known["patient"] != "", "patient"].nunique()
    numbered = f" under {n_numbers} numbers" if n_numbers > len(several) else ""
    evidence = (
        f"{counted(len(several), 'patient')}{numbered} ({counts}); {usual} of a patient (median), "
        f"{int(per_patient.max())} at most. {'; '.join(parts)}"
    )
    numbers = {"n_patients": len(several), "fewest_patients": int(n_patients.min()), "n_in_two_classes": len(both)}
    advice = " ".join(dict.fromkeys(problem.advice for problem in problems))
    verdict = worst_of([problem.verdict for problem in problems])
    return Finding("patients", "Patients behind the classes", verdict, evidence.strip(), advice, numbers=numbers)


def _unknown(inputs: Inputs, n_labelled: int) -> Finding:
    rows = inputs.rows
    evidence = "No patient is known for any image, nor an order of capture: no split of these images can be honest."
    advice = f"Give patients by --pattern, as in {_PATTERN}, or by a CSV path,label,patient,sequence."
    numbers = {"n_patients": len(set(persons(rows)) - {""})}
    if numbers["n_patients"]:
        evidence = "No image has a label, so patients cannot be held against classes."
        if n_labelled:
            evidence = "Patients are known of images without a label only, so they cannot be held against classes."
        advice = f"Give labels and patients by --pattern, as in {_PATTERN}, or by a CSV path,label,patient,sequence."
    elif (rows.loc[rows["label"] != "", "sequence"] != "").any():
        order = "the numbers in the file names stand in" if inputs.numbered else "capture order stands in"
        evidence = f"No patient is known for any image: {order}, and one patient may still be in training and test."
    return Finding("patients", "Patients behind the classes", "warning", evidence, advice, numbers=numbers)


def _few(n_patients: pd.Series) -> list[_Problem]:
    one = sorted(str(label) for label in n_patients.index[n_patients == 1])
    few = sorted(str(label) for label in n_patients.index[(n_patients > 1) & (n_patients < _FEW)])
    advice = "Results on so few people say little of others: report them per patient, with intervals."
    problems = []
    if one:
        problems.append(
            _Problem("inflates", f"one patient only: {some(one)}", f"Who is alone cannot be tested. {advice}")
        )
    if few:
        problems.append(_Problem("warning", f"fewer than {_FEW} patients: {some(few)}", advice))
    return problems


def _dominated(known: pd.DataFrame) -> list[_Problem]:
    """Name the patients who hold most of a class that has others too."""
    found = []
    for label, who in known.groupby("label")["who"]:
        counts = who.value_counts().sort_index()
        share = counts.max() / counts.sum()
        if len(counts) > 1 and share > _MOST:
            found.append(f"{100 * share:.0f} % of {label} is of {counts.idxmax()}")
    advice = "Weigh patients alike, or take as many images of each, and report results per patient."
    return [_Problem("warning", some(found), advice)] if found else []


def check_cohorts(inputs: Inputs) -> Finding | None:
    """Judge whether the class can be told from the cohort (hospital, campaign); None where none is known."""
    rows = inputs.rows[(inputs.rows["label"] != "") & (inputs.rows["cohort"] != "")]
    if rows.empty:
        return None
    table = pd.crosstab(rows["label"], rows["cohort"])
    single = [str(label) for label in table.index if (table.loc[label] > 0).sum() == 1]
    n_classes, n_cohorts = table.shape
    guess = table.div(table.sum(axis=1), axis=0).idxmax()  # of each class the share, so that a small one counts too
    right = rows["cohort"].map(guess) == rows["label"]
    reached, chance = float(right.groupby(rows["label"]).mean().mean()), 1 / n_classes
    numbers = {"n_cohorts": n_cohorts, "n_classes_of_one_cohort": len(single)}
    evidence = (
        f"{counted(n_cohorts, 'cohort')}; naming for each the class with the largest part of its images there gives "
        f"balanced accuracy {reached:.3f} (chance {chance:.3f})."
    )
    verdict: Verdict = "ok"
    if n_cohorts > 1 and n_classes > 1:
        alone = bool(single) or reached >= _TOLD
        verdict = "inflates" if alone else "warning" if reached > chance + _MARGIN * (1 - chance) else "ok"
    advice = ""
    if verdict != "ok":
        evidence += " The camera and the stain of a cohort tell its class."
        advice = (
            "Test on a cohort that was not trained on (split.scheme: cohort), and only on classes that several have."
        )
    if verdict != "ok" and single:
        evidence += f" From one cohort only: {some(single)}."
    return Finding("cohorts", "Cohorts behind the classes", verdict, evidence, advice, numbers=numbers)
