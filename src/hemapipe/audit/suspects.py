"""Labels that the images contradict, by confident learning on out-of-fold probabilities."""

from __future__ import annotations

import warnings

import numpy as np

from hemapipe.audit.findings import Finding, Panel, Verdict
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.probes import DEEP, Probe
from hemapipe.core.text import counted

_TITLE = "Suspected label errors"
_SHOWN = 24
_PER_PANEL = 6
#: Below this balanced accuracy the classifier is wrong too often to contradict a label.
_WEAK = 0.8


def suspects(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the positions of probable label errors, the likeliest first (Northcutt et al., JAIR 2021; 70:1373).

    Args:
        labels: (n,) class indices.
        probabilities: (n, k), out of fold.
    """
    from cleanlab.filter import find_label_issues  # half a second, only where there are labels

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes without a confident example
        found = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return np.asarray(found, int)


def not_checked(why: str) -> Finding:
    """Say that there is no classifier to contradict a label."""
    return Finding("suspected_labels", _TITLE, "warning", f"Not checked: {why}.")


def check_labels(inputs: Inputs, probes: dict[str, Probe]) -> Finding:
    """List labels contradicted out of fold by the better of the two probes that see the image."""
    probe = max((probes[name] for name in DEEP), key=lambda one: one.balanced_accuracy)
    rows = inputs.rows.iloc[probe.rows]
    names = sorted(set(rows["label"]))
    found = suspects(np.searchsorted(names, rows["label"].to_numpy(str)), probe.probabilities)
    reached = f"balanced accuracy {probe.balanced_accuracy:.3f} on folds it was not trained on"
    numbers = {"n_suspected": len(found)}
    if not len(found):
        return Finding("suspected_labels", _TITLE, "ok", f"None, by a classifier of {reached}.", numbers=numbers)
    weak = probe.balanced_accuracy < _WEAK
    evidence = f"{counted(len(found), 'label')} of {len(rows):,} contradicted by a classifier of {reached}."
    if weak:
        evidence += " It is wrong often, so most of these labels will be right."
    cards = [
        (
            str(rows["image_id"].iloc[row]),
            f"filed {rows['label'].iloc[row]}, looks {names[int(probe.probabilities[row].argmax())]} "
            f"({probe.probabilities[row].max():.2f})",
        )
        for row in found[:_SHOWN]
    ]
    panels = [
        Panel(_places(start + 1, min(start + _PER_PANEL, len(cards))), cards[start : start + _PER_PANEL])
        for start in range(0, len(cards), _PER_PANEL)
    ]
    advice = "Look at the first ones with somebody who can read smears; never change test labels by this list alone."
    verdict: Verdict = "ok" if weak else "warning"
    listed = {"label contradicted": rows["image_id"].iloc[found].to_list()}
    return Finding("suspected_labels", _TITLE, verdict, evidence, advice, panels, len(found), numbers, listed)


def _places(first: int, last: int) -> str:
    return f"suspect {first}" if first == last else f"suspects {first} to {last}"
