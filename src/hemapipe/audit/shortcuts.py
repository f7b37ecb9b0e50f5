"""The probes of one collection, and what they say together."""

from __future__ import annotations

import numpy as np

from hemapipe.audit import metadata
from hemapipe.audit.findings import Finding, Panel, Verdict, some
from hemapipe.audit.folds import honest_folds
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.measure import Measures
from hemapipe.audit.params import AuditParams
from hemapipe.audit.probes import NAMES, Probe, run_probe

#: What must not tell a class. The mean colour holds stain and cells as well; cell size is what a haematologist reads.
FORBIDDEN = ("background_colour", "border", "metadata")
#: The interval must begin this far above chance, as a share of the way to 1: luck with few groups gives a little.
_MARGIN = 0.05
#: A shortcut that gets this far, of the way from chance to the full image, would carry a result.
_GRAVE = 1 / 3
_ADVICE = {
    "background_colour": "Train on images with a neutral background (or on cut-out cells), and test on another lab's.",
    "border": "Crop the margins away, or paint bars and letters over, before anything is trained.",
    "metadata": "Classes were saved by different cameras or programs: re-encode all alike, and suspect the rest.",
}


def run_probes(
    inputs: Inputs, measures: Measures, neutral: np.ndarray, params: AuditParams, seed: int
) -> dict[str, Probe]:
    """Return the probes by name, and `metadata_without_bytes` as evidence; {} where no honest split of two classes is.

    `neutral` (n, d) are the features of the neutralised images.
    """
    folds = honest_folds(inputs, params.n_folds, seed)
    if folds is None:
        return {}
    rows = inputs.rows
    files = metadata.read(inputs.raw, rows["path"].to_list())
    features = {
        "background_colour": measures.background_colour,
        "border": measures.border,
        "mean_colour": measures.mean_colour,
        "metadata": files.to_numpy(),
        "cell_size": measures.cell_size,
        "background_neutralised": neutral,
        "full_image": np.asarray(inputs.embedding),
        "metadata_without_bytes": files.drop(columns="bytes").to_numpy(),
    }
    labels, groups = rows["label"].to_numpy(str), rows["group"].to_numpy(str)
    return {
        name: run_probe(name, values, labels, groups, folds, params.n_resamples, seed)
        for name, values in features.items()
    }


def check_shortcuts(inputs: Inputs, probes: dict[str, Probe]) -> list[Finding]:
    """Judge what the probes reached; one finding per kind of shortcut."""
    if not probes:
        labels = sorted(set(inputs.rows["label"]) - {""})
        why = "no labels are known" if not labels else "fewer than two classes have two groups each"
        advice = "" if labels else "Give labels by --pattern, as in 'images/{patient}/{label}/{name}'."
        return [Finding("shortcuts", "Shortcut probes", "ok", f"Not run: {why}.", advice)]
    found = [_forbidden(name, probes, _given_away(inputs, probes[name])) for name in FORBIDDEN]
    return [*found, _mean_colour(probes), _dependence(probes)]


def is_above_chance(probe: Probe) -> bool:
    """Say whether the whole interval lies above chance by more than luck with few groups gives."""
    return probe.low > probe.chance + _MARGIN * (1 - probe.chance)


def share_of_full(probe: Probe, full: Probe) -> float:
    """Return how far the probe gets of the way from chance to the full image; 1 where that gets nowhere."""
    way = full.balanced_accuracy - full.chance
    return (probe.balanced_accuracy - probe.chance) / way if way > 0 else 1.0


def told(probe: Probe) -> str:
    """Return the score, its interval and chance in words."""
    return (
        f"balanced accuracy {probe.balanced_accuracy:.3f} (95 % interval {probe.low:.3f} to {probe.high:.3f}, "
        f"chance {probe.chance:.3f})"
    )


def _given_away(inputs: Inputs, probe: Probe, most: int = 6) -> list[Panel]:
    """Return a panel per class with the images that the probe names rightly and most surely, one of each group."""
    rows = inputs.rows.iloc[probe.rows]
    names = sorted(set(rows["label"]))
    called = probe.probabilities.argmax(axis=1)
    panels = []
    for index, label in enumerate(names):
        right = np.flatnonzero((called == index) & (rows["label"] == label).to_numpy())
        ordered = right[np.argsort(-probe.probabilities[right, index], kind="stable")]
        surest = ordered[~rows["group"].iloc[ordered].duplicated().to_numpy()][:most]
        cards = [(str(rows["image_id"].iloc[row]), f"sure to {probe.probabilities[row, index]:.2f}") for row in surest]
        panels += [Panel(f"{label}: surest without a look at the cells", cards)] if cards else []
    return panels


def _forbidden(name: str, probes: dict[str, Probe], panels: list[Panel]) -> Finding:
    probe, full = probes[name], probes["full_image"]
    title = f"Shortcut: {name.replace('_', ' ')}"
    numbers = {"balanced_accuracy": probe.balanced_accuracy}
    evidence = f"{NAMES[name][0].upper()}{NAMES[name][1:]}: {told(probe)}; full image {full.balanced_accuracy:.3f}."
    above = is_above_chance(probe)
    if name == "metadata":
        bare = probes["metadata_without_bytes"]
        evidence += f" Without the number of bytes, which follows what is in the picture: {bare.balanced_accuracy:.3f}."
        if above and not is_above_chance(bare):
            return Finding(name, title, "ok", evidence, numbers=numbers)
        probe, above = bare, is_above_chance(bare)
    if not above:
        return Finding(name, title, "ok", evidence, numbers=numbers)
    verdict: Verdict = "inflates" if share_of_full(probe, full) >= _GRAVE else "warning"
    return Finding(name, title, verdict, evidence, _ADVICE[name], panels, len(panels), numbers)


def _mean_colour(probes: dict[str, Probe]) -> Finding:
    probe, full = probes["mean_colour"], probes["full_image"]
    reached = share_of_full(probe, full)
    strong = is_above_chance(probe) and reached >= 0.8
    gone = f"{100 * max(reached, 0):.0f} % of the way from chance to the full image"
    way = f"that is {gone}" if reached < 1 else "that is as far as the full image gets, or further"
    evidence = f"Three numbers, the mean colour: {told(probe)}; {way}."
    advice = "Normalise the stain, and report results on slides of another stain batch." if strong else ""
    return Finding("mean_colour", "Shortcut: mean colour", "warning" if strong else "ok", evidence, advice)


def _dependence(probes: dict[str, Probe]) -> Finding:
    """Compare the full image with the neutralised one, and with counting and measuring cells."""
    full, neutral, cells = (probes[name] for name in ("full_image", "background_neutralised", "cell_size"))
    lost = full.balanced_accuracy - neutral.balanced_accuracy
    evidence = (
        f"Full image: {told(full)}. With a neutral background {neutral.balanced_accuracy:.3f} "
        f"({neutral.low:.3f} to {neutral.high:.3f}); by number and area of cells alone {cells.balanced_accuracy:.3f}."
    )
    grave = neutral.high < full.low
    advice = f"The background is worth {lost:.3f} of balanced accuracy: report the neutralised result beside yours."
    title = "What is left without the background"
    return Finding("background_neutralised", title, "warning" if grave else "ok", evidence, advice if grave else "")


def check_testable(inputs: Inputs) -> Finding | None:
    """Report classes whose images are all one group, which no honest split can test; None where there are none."""
    rows = inputs.rows[inputs.rows["label"] != ""]
    n_groups = rows.groupby("label")["group"].nunique()
    alone = sorted(map(str, n_groups.index[n_groups == 1]))
    if not alone:
        return None
    return Finding(
        "untestable", "Classes that cannot be tested", "inflates",
        f"All images of {some(alone)} hang together as one group: what is reported of such a class was trained on the "
        "same patient or field.", "Collect more patients of it, or leave it out.", numbers={"n_classes": len(alone)},
    )  # fmt: skip
