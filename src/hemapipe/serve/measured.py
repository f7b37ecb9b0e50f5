"""What the models' scores were measured on, in sentences: only what the run's own figures bear out."""

from __future__ import annotations

from typing import Any

from hemapipe.report.highlights import leaks
from hemapipe.report.words import SHARED, words

_SCHEMES = {
    "image": "by image",
    "patient": "by patient",
    "group": "by group",
    "contiguous": "by blocks of the capture order",
    "cohort": "by cohort",
    "official": "as the source splits them",
}
_OTHER_TIMES = (
    "They were captured in other stretches of time than the training images, which stands in for other patients."
)
Facts = dict[str, Any]


def unseen_patients(facts: Facts) -> bool:
    """Say whether every test image is known to be of a patient that its model had never seen; `Run.facts`."""
    split, catalog = facts.get("split", {}), facts.get("catalog", {})
    return (
        "leak_patients" in split
        and not largest_leak(facts)[0]
        and catalog.get("n_patients", 0) > 0
        and split.get("n_without_patient") == 0
    )


def largest_leak(facts: Facts) -> tuple[int, str]:
    """Return how many test samples share what with training or validation; 0 and '' where none does.

    The kinds of leak overlap, so the largest is told, and never their sum.
    """
    counts = leaks(facts.get("split", {}), facts.get("augment", {}))
    ordered = {key: counts[key] for key in (*SHARED, *counts) if key in counts}  # of equal ones the gravest
    key = max(ordered, key=lambda one: ordered[one], default="")
    n = int(ordered.get(key, 0))
    return (n, SHARED.get(key, words(key))) if n else (0, "")


def told(facts: Facts, scheme: str = "") -> str:
    """Return how the scores were measured, '' where that is not known; `scheme` is `split.scheme`, '' if unknown."""
    if not facts.get("split", {}).get("n_folds", 0):
        return ""
    return f"{_how(facts, scheme)} {_of_whom(facts, scheme)}"


def _how(facts: Facts, scheme: str) -> str:
    split, n_patients = facts["split"], facts.get("catalog", {}).get("n_patients", 0)
    n_folds, n_test, n_all = split["n_folds"], split.get("n_test", 0), split.get("n_eligible", 0)
    by = f", split {_SCHEMES[scheme]}" if scheme in _SCHEMES else ""
    begin = f"Cross-validated over {n_folds} folds" if n_folds > 1 else "Measured once, on a single split"
    if "leak_groups" in facts.get("augment", {}):
        return f"{begin}, on samples that were dealt their roles after augmentation."
    of = f" of {n_patients} patients" if n_patients else ""
    if not n_test:
        return f"{begin}{by}."
    if n_test < n_all:
        return f"{begin}{by}: {n_test} of {n_all} images{of} were tested, the others never."
    return f"{begin}{by}: each of {n_test} images{of} was judged by a model that was not trained on it."


def _of_whom(facts: Facts, scheme: str) -> str:
    n, shared = largest_leak(facts)
    if n:
        return f"{n} test samples share {shared} with training or validation, so these scores are too good."
    if unseen_patients(facts):
        return "No model had seen a patient it was tested on."
    without = facts["split"].get("n_without_patient")
    some = facts.get("catalog", {}).get("n_patients", 0)
    named = f"{without} images name no patient" if some and without else "No image names a patient"
    if some and without is None:
        named = "It is not recorded how many images name no patient"
    doubt = f"{named}: models may have seen other images of the patients they were tested on."
    return f"{doubt} {_OTHER_TIMES}" if scheme == "contiguous" else doubt
