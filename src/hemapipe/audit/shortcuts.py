"""The probes of one collection, and what they say together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed

from hemapipe.audit import metadata
from hemapipe.audit.findings import Finding, Panel, Verdict
from hemapipe.audit.folds import Folds
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.measure import Measures
from hemapipe.audit.probes import NAMES, Probe, run_probe
from hemapipe.core.tables import persons
from hemapipe.core.text import some

#: What must not tell a class. The mean colour holds stain and cells as well; cell size is what a haematologist reads.
FORBIDDEN = ("background_colour", "border", "metadata")
#: The interval must begin this far above chance, as a share of the way to 1: luck with few groups gives a little.
_MARGIN = 0.05
#: A shortcut that gets this far, of the way from chance to the full image, would carry a result.
_GRAVE = 1 / 3
#: With fewer tested images no interval means anything.
_FEWEST = 10
#: With a background in fewer than this share of the tested images nothing is said of it.
_ENOUGH_SEEN = 0.5
_NO_SLIDE = "Nothing is said of the background; the outline of cells that were cut out may tell the class as well."
_TOO_FEW = "Too few groups to tell: collect more patients before you trust this."
_ADVICE = {
    "background_colour": "Train on images with a neutral background (`preprocess.neutral`); test on another lab's.",
    "border": "Crop the margins away, or paint bars and letters over, before anything is trained.",
    "metadata": "Classes were saved by different cameras or programs: re-encode all alike, and suspect the rest.",
}


def run_probes(
    inputs: Inputs, measures: Measures, neutral: np.ndarray, folds: Folds, n_resamples: int, seed: int, n_jobs: int
) -> dict[str, Probe]:
    """Return the probes by name, and `metadata_without_bytes` as evidence, found in `n_jobs` processes.

    `neutral` (n, d) are the features of the neutralised images.
    """
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
    found = Parallel(n_jobs=n_jobs)(
        delayed(run_probe)(name, values, labels, groups, folds, n_resamples, seed) for name, values in features.items()
    )
    return dict(zip(features, found, strict=True))


def not_run(inputs: Inputs, why: str) -> Finding:
    """Say that there are no probes, and what would help."""
    advice = "Collect more patients of each class: without two groups of two classes nothing can be tested honestly."
    if not (inputs.rows["label"] != "").any():
        advice = "Give labels by --pattern, as in '{label}/{name}' or 'images/{patient}/{label}/{name}'."
    return Finding("shortcuts", "Shortcut probes", "warning", f"Not checked: {why}.", advice)


def check_shortcuts(inputs: Inputs, probes: dict[str, Probe], folds: Folds) -> list[Finding]:
    """Judge what the probes reached; one finding per kind of shortcut. Classes that were left out are named."""
    found = [_forbidden(inputs, name, probes, folds) for name in FORBIDDEN]
    found += [_mean_colour(probes), _dependence(probes)]
    without = f" Not of {some(folds.left_out)}: one group." if folds.left_out else ""
    return [replace(finding, evidence=finding.evidence + without) for finding in found]


def is_above_chance(probe: Probe) -> bool:
    """Say whether the whole interval lies above chance by more than luck with few groups gives."""
    return probe.low > probe.chance + _MARGIN * (1 - probe.chance)


def is_undecided(probe: Probe) -> bool:
    """Say whether the interval allows no shortcut as well as a grave one."""
    grave = probe.chance + _GRAVE * (1 - probe.chance)
    return not is_above_chance(probe) and (probe.high > grave or len(probe.rows) < _FEWEST)


def unjudged(probes: dict[str, Probe]) -> set[str]:
    """Return the probes of which nothing is said, as too few of the tested images show an empty slide."""
    background = probes.get("background_colour")
    if background is None or background.n_seen >= _ENOUGH_SEEN * len(background.rows):
        return set()
    return {"background_colour", "background_neutralised"}


def share_of_full(probe: Probe, full: Probe) -> float:
    """Return how far the probe gets of the way from chance to the full image; 1 where that gets nowhere."""
    way = full.balanced_accuracy - full.chance
    return (probe.balanced_accuracy - probe.chance) / way if way > 0 else 1.0


def told(probe: Probe) -> str:
    """Return the score, its interval and chance in words."""
    if probe.high - probe.low < 5e-4:
        return f"balanced accuracy {probe.balanced_accuracy:.3f} (chance {probe.chance:.3f})"
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


def _forbidden(inputs: Inputs, name: str, probes: dict[str, Probe], folds: Folds) -> Finding:
    probe, full = probes[name], probes["full_image"]
    title = f"Shortcut: {name.replace('_', ' ')}"
    what = f"{NAMES[name][0].upper()}{NAMES[name][1:]}"
    numbers = {"balanced_accuracy": probe.balanced_accuracy}
    unseen = _unseen(probe) if name == "background_colour" else ""
    if name in unjudged(probes):
        return Finding(name, title, "warning", f"Not judged: {unseen}.", _NO_SLIDE, numbers=numbers)
    if not probe.varies:
        return Finding(name, title, "ok", f"{what}: nothing to see, the same in all images.", numbers=numbers)
    evidence = f"{what}: {told(probe)}; full image {full.balanced_accuracy:.3f}."
    evidence += f" There is {unseen}." if unseen else ""
    judged = probe
    if name == "metadata":
        judged = probes["metadata_without_bytes"]
        evidence += f" Without the number of bytes: {judged.balanced_accuracy:.3f}."
        if is_above_chance(probe) and not is_above_chance(judged):
            return _bytes_alone(title, evidence, probes, numbers)
    if is_undecided(judged):
        return Finding(name, title, "warning", evidence, _TOO_FEW, numbers=numbers)
    if not is_above_chance(judged):
        return Finding(name, title, "ok", evidence, numbers=numbers)
    verdict: Verdict = "inflates" if share_of_full(judged, full) >= _GRAVE else "warning"
    if folds.single:
        verdict = "warning"
        evidence += " As neither patients nor an order are known, this cannot be told from patients seen in training."
    panels = _given_away(inputs, judged)
    return Finding(name, title, verdict, evidence, _ADVICE[name], panels, len(panels), numbers)


def _unseen(probe: Probe) -> str:
    """Say in how many of the tested images there is nothing to be seen, '' where there is in all."""
    n_unseen = len(probe.rows) - probe.n_seen
    return f"no empty slide in {n_unseen:,} of {len(probe.rows):,} images" if n_unseen else ""


def _bytes_alone(title: str, evidence: str, probes: dict[str, Probe], numbers: dict[str, float]) -> Finding:
    """Judge a number of bytes that tells the class: it follows the picture, and may tell as much as that does."""
    seen = max(probes[name].balanced_accuracy for name in ("cell_size", "full_image"))
    if seen >= probes["metadata"].balanced_accuracy:
        evidence += " It follows what is in the picture, which tells as much."
        return Finding("metadata", title, "ok", evidence, numbers=numbers)
    evidence += f" What is in the picture tells less ({seen:.3f}), so that the files were compressed differently."
    return Finding("metadata", title, "warning", evidence, _ADVICE["metadata"], numbers=numbers)


def _mean_colour(probes: dict[str, Probe]) -> Finding:
    probe, full = probes["mean_colour"], probes["full_image"]
    reached = share_of_full(probe, full)
    strong = is_above_chance(probe) and reached >= 0.8
    gone = f"{100 * max(reached, 0):.0f} % of the way from chance to the full image"
    way = f"that is {gone}" if reached < 1 else "that is as far as the full image gets, or further"
    evidence = f"Three numbers, the mean colour: {told(probe)}{f'; {way}' if is_above_chance(probe) else ''}."
    advice = "Normalise the stain, and report results on slides of another stain batch." if strong else ""
    undecided = is_undecided(probe)
    verdict: Verdict = "warning" if strong or undecided else "ok"
    return Finding("mean_colour", "Shortcut: mean colour", verdict, evidence, _TOO_FEW if undecided else advice)


def _dependence(probes: dict[str, Probe]) -> Finding:
    """Compare the full image with the neutralised one, and with counting and measuring cells."""
    full, neutral, cells = (probes[name] for name in ("full_image", "background_neutralised", "cell_size"))
    title = "What is left without the background"
    by_cells = f"by number and area of cells alone {cells.balanced_accuracy:.3f}"
    if "background_neutralised" in unjudged(probes):
        evidence = f"Not judged: {_unseen(probes['background_colour'])}. Full image: {told(full)}; {by_cells}."
        return Finding("background_neutralised", title, "warning", evidence, _NO_SLIDE)
    evidence = (
        f"Full image: {told(full)}. With a neutral background {neutral.balanced_accuracy:.3f} "
        f"({neutral.low:.3f} to {neutral.high:.3f}); {by_cells}."
    )
    if neutral.high < full.low:
        lost = full.balanced_accuracy - neutral.balanced_accuracy
        advice = f"The background is worth {lost:.3f} of balanced accuracy: report the neutralised result beside yours."
        return Finding("background_neutralised", title, "warning", evidence, advice)
    if is_undecided(full):
        return Finding("background_neutralised", title, "warning", evidence, _TOO_FEW)
    return Finding("background_neutralised", title, "ok", evidence)


def check_testable(inputs: Inputs) -> Finding | None:
    """Report classes whose images are all one group, which no honest split can test; None where there are none."""
    rows = inputs.rows[inputs.rows["label"] != ""]
    n_groups = rows.groupby("label")["group"].nunique()
    alone = sorted(map(str, n_groups.index[n_groups == 1]))
    if not alone:
        return None
    unknown = sorted(set(rows.loc[persons(rows) == "", "label"]) & set(alone))
    guess = f" Of {some(unknown)} not all patients are known: there a session, a guess, may tie images together."
    trained = f"what is reported of such a class was trained on the same patient or field.{guess if unknown else ''}"
    of_it = f"All images of {alone[0]}" if len(alone) == 1 else f"Of each of {some(alone)} all images"
    return Finding(
        "untestable", "Classes that cannot be tested", "inflates",
        f"{of_it} hang together as one group: {trained}",
        "Collect more patients of it, or leave it out.", numbers={"n_classes": len(alone)},
    )  # fmt: skip
