"""How the page says things: labels, numbers, definitions."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

PER_CLASS = ("recall", "precision", "specificity", "f1", "f2", "roc_auc", "pr_auc")
OVERALL = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "weighted_f1",
    "macro_f2",
    "kappa",
    "mcc",
    "macro_roc_auc",
    "micro_roc_auc",
    "macro_pr_auc",
    "log_loss",
    "log_loss_uncalibrated",
    "brier",
    "ece",
    "ece_uncalibrated",
)
#: What a test sample shares when the count is not 0.
SHARED = {
    "leak_patients": "their patient",
    "leak_repeats": "their exact pixels",
    "leak_groups": "their group",
    "leak_siblings": "their original image",
}
GLOSSARY = {
    "balanced accuracy": "The mean of the recalls of all classes: guessing scores 1 / number of classes.",
    "macro, weighted": "The mean over classes; the mean over classes weighted by their number of images.",
    "recall, specificity": "The share of a class that is found; the share of the rest that is left alone.",
    "precision": "The share of right calls among the calls of a class. A class never called has precision 0.",
    "F1, F2": "Harmonic means of precision and recall; F2 weighs recall more: missing a leukemia costs most.",
    "kappa, MCC": "Agreement beyond chance (Cohen 1960); correlation of calls with labels (Matthews, Gorodkin 2004).",
    "ROC AUC": "The chance that an image of the class scores above one of the rest; ties count one half.",
    "PR AUC": "Average precision over the thresholds that find one more image of the class.",
    "log loss, Brier": "Penalties on calibrated probabilities: mean −log p of the true class; mean squared distance.",
    "ECE": "Expected calibration error: how far confidence lies from accuracy, averaged over bins of confidence.",
    "95 % interval": "Bootstrap: whole groups (patients and exact repeats) are drawn again and again, as images of one "
    "patient are not independent evidence. The luck of training is not in it.",
    "± sd": "Standard deviation over the folds, each with a model of its own.",
}
_SHORT = {"f1": "F1", "f2": "F2", "mcc": "MCC", "roc": "ROC", "auc": "AUC", "pr": "PR", "ece": "ECE", "brier": "Brier"}
_KNOWN = {
    "n_files": "image files",
    "n_ok": "decoded whole",
    "n_truncated": "truncated",
    "n_unreadable": "unreadable",
    "n_unlabelled": "without a label",
    "n_duplicates": "exact repeats of another file",
    "n_conflicts": "same pixels under two labels",
    "n_ignored": "other files, ignored",
    "n_patients_in_two_classes": "patients in two classes",
    "count_mismatches": "counts unlike the published ones",
    "n_eligible": "images that take part",
    "n_dropped_duplicate": "dropped: exact repeats",
    "n_dropped_conflict": "dropped: contradictory labels",
    "n_dropped_truncated": "dropped: truncated",
    "n_without_patient": "without a patient",
    "n_train": "training",
    "n_val": "validation",
    "n_test": "test",
    "n_embargo": "under embargo",
    "n_folds": "folds",
    "leak_patients": "share a patient",
    "leak_repeats": "share exact pixels",
    "leak_groups": "share a group",
    "leak_siblings": "share an original image",
}


def words(key: str) -> str:
    """Return a key in plain words: `macro_roc_auc` → macro ROC AUC."""
    parts = key.removeprefix("n_").removeprefix("version_").split("_")
    return _KNOWN.get(key) or " ".join(_SHORT.get(part, part) for part in parts)


def breakable(name: str) -> Markup:
    """Return a name that may break after its underscores, for narrow columns."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def order(item: tuple[str, Any]) -> tuple[int, str]:
    """Sort key for (key, value) pairs: known keys in the order of this module, others after them by name."""
    known = list(_KNOWN)
    return (known.index(item[0]) if item[0] in known else len(known), item[0])


def number(value: Any) -> str:
    """Return a count with thin spaces, other values as they are, a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    return f"{int(value):,}".replace(",", "\u202f") if isinstance(value, int | float) else str(value)


def short(value: float | None) -> str:
    """Return a count with three digits and its unit: 3.38 M, 61 k."""
    if value is None:
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}\u202f{unit}"
    return f"{value:.3g}"


def size(value: float | None) -> str:
    """Return a number of bytes in decimal units: 13.6 MB."""
    return "–" if value is None else f"{short(value)}{'' if value >= 1e3 else ' '}B"


def score(value: float | None) -> str:
    """Return a metric with three decimals, a dash where it is undefined."""
    return "–" if value is None else f"{value:.3f}"
