"""Who stands behind the classes: few patients, one patient, patients in two classes, classes of one cohort."""

from __future__ import annotations

import pandas as pd

from hemapipe.audit.findings import Finding, Verdict, counted, some
from hemapipe.audit.inputs import Inputs

#: With fewer patients in a class its recall rests on a handful of people (and five folds cannot all test it).
_FEW = 5


def check_patients(inputs: Inputs) -> Finding:
    """Judge how classes and patients go together."""
    rows = inputs.rows[inputs.rows["label"] != ""]
    known = rows[rows["patient"] != ""]
    title = "Patients behind the classes"
    if known.empty:
        return Finding(
            "patients", title, "warning" if len(rows) else "ok", "No patient is known for any image.",
            "Give patients by --pattern or a CSV if you have them. Without, capture order and near repeats stand in, "
            "and the same patient may still be in training and test.", numbers={"n_patients": 0},
        )  # fmt: skip
    n_patients = known.groupby("label")["patient"].nunique()
    several = known.groupby("patient")["label"].nunique()
    both = sorted(several.index[several > 1])
    per_patient = known["patient"].value_counts()
    problems, verdict = _few(n_patients)
    told = f"{counted(len(both), 'patient')} in more than one class ({some(both)})"
    of_cells = len(both) > 0.5 * len(several)  # then labels are of single cells, and a patient has several kinds
    if both and not of_cells:
        problems.append(told)
    if len(known) < len(rows):
        problems.append(f"{counted(len(rows) - len(known), 'image')} of no known patient")
    verdict = "warning" if problems and verdict == "ok" else verdict
    counts = ", ".join(f"{label} {n}" for label, n in n_patients.items())
    evidence = (
        f"{counted(known['patient'].nunique(), 'patient')} ({counts}); {int(per_patient.median())} images of a patient "
        f"(median), {int(per_patient.max())} at most. "
        + "; ".join(problems + ([f"{told}: labels of cells, not of people"] if of_cells else []))
    )
    numbers = {
        "n_patients": int(known["patient"].nunique()),
        "fewest_patients": int(n_patients.min()),
        "n_in_two_classes": len(both),
    }
    advice = (
        "Results on so few people say little of others: report them per patient, with intervals." if problems else ""
    )
    return Finding("patients", title, verdict, evidence.strip(), advice, numbers=numbers)


def check_cohorts(inputs: Inputs) -> Finding | None:
    """Judge whether the class can be told from the cohort (hospital, campaign); None where none is known."""
    rows = inputs.rows[(inputs.rows["label"] != "") & (inputs.rows["cohort"] != "")]
    if rows.empty:
        return None
    table = pd.crosstab(rows["label"], rows["cohort"])
    single = [str(label) for label in table.index if (table.loc[label] > 0).sum() == 1]
    n_cohorts = table.shape[1]
    guess = (table / table.sum()).idxmax()  # the commonest class of each cohort
    right = rows["cohort"].map(guess) == rows["label"]
    reached = float(right.groupby(rows["label"]).mean().mean())
    numbers = {"n_cohorts": n_cohorts, "n_classes_of_one_cohort": len(single)}
    evidence = (
        f"{counted(n_cohorts, 'cohort')}; naming each cohort's commonest class gives balanced accuracy {reached:.3f}."
    )
    if n_cohorts < 2 or not single:
        return Finding("cohorts", "Cohorts behind the classes", "ok", evidence, numbers=numbers)
    return Finding(
        "cohorts", "Cohorts behind the classes", "inflates",
        f"{evidence} {some(single)} come from one cohort only: its camera and stain tell the class.",
        "Test on a cohort that was not trained on (split.scheme: cohort), and only on classes that several have.",
        numbers=numbers,
    )  # fmt: skip


def _few(n_patients: pd.Series) -> tuple[list[str], Verdict]:
    one = sorted(str(label) for label in n_patients.index[n_patients == 1])
    few = sorted(str(label) for label in n_patients.index[(n_patients > 1) & (n_patients < _FEW)])
    problems = [f"one patient only: {some(one)}"] if one else []
    problems += [f"fewer than {_FEW} patients: {some(few)}"] if few else []
    return problems, "inflates" if one else "warning" if few else "ok"
