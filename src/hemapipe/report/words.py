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
#: At thresholds fixed on validation rows, per class and for screening.
AT_THRESHOLD = ("at_threshold_sensitivity", "at_threshold_specificity")
DECISIONS = ("screen_sensitivity", "screen_specificity")
BY_PATIENT = (
    "patient_accuracy_mean",
    "patient_accuracy_vote",
    "patient_sensitivity",
    "patient_specificity",
    "patient_roc_auc",
    "patient_macro_roc_auc",
)
#: What a test sample shares when the count is not 0.
SHARED = {
    "leak_patients": "their patient",
    "leak_repeats": "their exact pixels",
    "leak_near_repeats": "their field (near repeats)",
    "leak_groups": "their group",
    "leak_siblings": "their original image",
}
#: Attribution methods, as the page calls them, in its order.
METHODS = {
    "grad_cam": "Grad-CAM",
    "grad_cam_pp": "Grad-CAM++",
    "integrated_gradients": "integrated gradients",
    "saliency": "saliency",
    "occlusion": "occlusion",
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
    "95 % interval": "Bootstrap: whole groups are drawn again and again, as images of one patient are not independent "
    "evidence (BCa; Wilson's where each image stands alone or no error was made). The luck of training is not in it.",
    "± sd": "Standard deviation over the folds, each with a model of its own.",
    "group": "Images that belong together and are never parted: of one patient, of equal pixels, or near repeats.",
    "near repeat": "The same field once more: shifted, turned, mirrored, cropped, relit or compressed anew.",
    "honest split": "No group, and so no patient, is on both sides. Without patients: blocks of capture order with an "
    "embargo, images left out between them.",
    "price of leaking": "The score under a split by image less that under an honest split: the same models, as many "
    "images, the same test images. It is what a split by image would have pretended.",
    "recommended": "The model with the best score on validation images, named before a test image was read. The best "
    "test score is partly luck; this choice is not.",
    "better, worse": "Against the recommended model, over the same groups: p below .05 after Holm's correction for "
    "the number of comparisons. Not distinguishable: the test images do not tell the two apart. Too few groups to "
    "tell: a class has so few that only a huge difference could show.",
    "at the threshold": "Called positive above a threshold that validation images set, for a wanted sensitivity "
    "or least cost. Sensitivity: the share of positives called so. Specificity: the share of the rest left alone.",
    "screening": "All leukemic classes together against the rest; the score is the sum of their probabilities.",
    "verdict per patient": "By mean: the class with the largest mean probability over the patient's images. By vote: "
    "the class most images are called. Uncertain: few images, or the two likeliest classes nearly level.",
    "soft vote, stack": "Ensembles: the mean of three models' probabilities; weights fitted on validation images.",
    "background ratio": "The share of a network's attribution that falls on what is no cell, over its share of the "
    "area: 1 is what chance would give. A method counts only if removing what it marks hurts the network more than "
    "removing places at random, and if its maps change when the network's weights are shuffled.",
    "permutation importance": "What a model loses when a block of features is dealt to other images.",
    "audit": "Checks of the images, not of a model: repeats, labels, patients, and probes, small classifiers that see "
    "only what should not tell the class, such as the background. A probe far above chance is a shortcut.",
}
_SHORT = {"f1": "F1", "f2": "F2", "mcc": "MCC", "roc": "ROC", "auc": "AUC", "pr": "PR", "ece": "ECE", "brier": "Brier"}
_KNOWN = {
    "screen_sensitivity": "sensitivity of screening",
    "screen_specificity": "specificity of screening",
    "at_threshold_sensitivity": "sensitivity at threshold",
    "at_threshold_specificity": "specificity at threshold",
    "patient_accuracy_mean": "accuracy, by mean probability",
    "patient_accuracy_vote": "accuracy, by vote",
    "patient_sensitivity": "sensitivity of screening",
    "patient_specificity": "specificity of screening",
    "patient_roc_auc": "ROC AUC of screening",
    "patient_macro_roc_auc": "macro ROC AUC, each class against the rest",
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
    "n_dropped_preliminary": "dropped: preliminary test",
    "n_dropped_truncated": "dropped: truncated",
    "n_without_patient": "without a patient",
    "n_train": "training",
    "n_val": "validation",
    "n_test": "test",
    "n_embargo": "under embargo",
    "n_folds": "folds",
    "n_near_repeats": "pairs of near repeats",
    "n_clusters": "fields taken more than once",
    "n_images_in_clusters": "images of such fields",
    "n_across_labels": "pairs under two labels",
    "n_across_patients": "pairs of two patients",
    "n_sessions": "sessions (stand-ins for patients)",
    "leak_patients": "share a patient",
    "leak_repeats": "share exact pixels",
    "leak_near_repeats": "share a field (near repeats)",
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
