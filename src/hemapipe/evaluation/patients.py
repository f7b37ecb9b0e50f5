"""Verdicts per patient: what the test images of one patient say together, and how often that is right.

The unit is the person or patient; images without one count by their group, and where no patients are known at all the
units are groups (`patient_unit` says which).

- By mean: the class with the largest mean calibrated probability. By vote: the class most images are called; a tie goes
  to the one of them with the larger mean probability.
- The label of a patient is that of most of their images. Where screening is on, a patient with any positive image is
  positive: only positive labels then count. Ties go to the first class. Two labels are counted in
  `n_patients_two_labels`.
- Screening calls a patient positive where the mean screening score reaches the mean threshold of their images.
- Uncertain: fewer than `few_images` images, or a margin between the two largest mean probabilities under `low_margin`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hemapipe.calibrate.thresholds import DIGITS
from hemapipe.evaluation.bootstrap import intervals
from hemapipe.evaluation.complete import complete
from hemapipe.evaluation.decisions import Decision
from hemapipe.evaluation.metrics import ranking_scorer
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.evaluation.predictions import ScoredRows
from hemapipe.evaluation.ranking import Ranking
from hemapipe.evaluation.wilson import wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def verdicts(rows: ScoredRows, screen: Decision | None, params: EvaluateParams) -> pd.DataFrame:
    """Return a row per unit, sorted by name.

    Columns: unit, n_images, label, n_labels, by_mean, by_vote, confidence (of the class by mean), margin, vote_share
    (of the class by vote), uncertain; with screening positive (the truth), screen_score, screen_threshold; p_<class>.
    """
    names = np.array(rows.class_names)
    units, member = np.unique(rows.unit, return_inverse=True)
    n_images = np.bincount(member)
    mean = np.column_stack([np.bincount(member, column) for column in rows.p.T]) / n_images[:, None]
    mean = np.round(mean, DIGITS)
    votes = _counts(member, rows.p.argmax(axis=1), len(units), len(names))
    of_label = _counts(member, rows.y, len(units), len(names))
    label = _labels(rows, screen, of_label)
    by_vote = np.where(votes == votes.max(axis=1, keepdims=True), mean, -1).argmax(axis=1)
    ordered = np.sort(mean, axis=1)
    margin = np.round(ordered[:, -1] - (ordered[:, -2] if len(names) > 1 else 0), DIGITS)
    table = pd.DataFrame(
        {
            "unit": units,
            "n_images": n_images,
            "label": names[label],
            "n_labels": (of_label > 0).sum(axis=1),
            "by_mean": names[mean.argmax(axis=1)],
            "by_vote": names[by_vote],
            "confidence": ordered[:, -1],
            "margin": margin,
            "vote_share": votes[np.arange(len(units)), by_vote] / n_images,
            "uncertain": (n_images < params.few_images) | (margin < params.low_margin),
        }
    )
    if screen is not None:
        table["positive"] = np.bincount(member, screen.positive) > 0
        table["screen_score"] = np.bincount(member, screen.score) / n_images
        table["screen_threshold"] = np.bincount(member, screen.threshold) / n_images  # NaN where an image has none
    return table.assign(**{f"p_{name}": mean[:, index] for index, name in enumerate(names)})


def summarise(table: pd.DataFrame, rows: ScoredRows, params: EvaluateParams, seed: int) -> dict[str, float | str]:
    """Return flat metrics of `verdicts`: shares with Wilson's interval, areas with a bootstrap over patients.

    Each `patient_*` number comes with `_low` and `_high`. Undefined ones (no positive patient, say) are left out.
    """
    right_mean, right_vote = (table[how] == table["label"] for how in ("by_mean", "by_vote"))
    found = {**_share("patient_accuracy_mean", right_mean), **_share("patient_accuracy_vote", right_vote)}
    if "positive" in table:
        decided = table[table["screen_threshold"].notna()]
        called = decided["screen_score"] >= decided["screen_threshold"]
        found |= _share("patient_sensitivity", called[decided["positive"]])
        found |= _share("patient_specificity", ~called[~decided["positive"]])
    found |= _areas(table, rows.class_names, params, seed)
    return {
        **{name: float(f"{value:.6g}") for name, value in found.items() if np.isfinite(value)},
        "patient_unit": "patient" if rows.patients_known else "group",
        "patient_uncertain": float(f"{table['uncertain'].mean():.6g}"),
        "n_patients_scored": len(table),
        "n_patients_two_labels": int((table["n_labels"] > 1).sum()),
    }


def _counts(member: Ints, kind: Ints, n_units: int, n_kinds: int) -> Ints:
    """Return (n_units, n_kinds): how many images of each unit are of each kind."""
    return np.bincount(member * n_kinds + kind, minlength=n_units * n_kinds).reshape(n_units, n_kinds)


def _labels(rows: ScoredRows, screen: Decision | None, counts: Ints) -> Ints:
    if screen is not None:
        positive = np.unique(rows.y[screen.positive])
        leukemic = counts[:, positive].sum(axis=1) > 0
        healthy = np.setdiff1d(np.arange(counts.shape[1]), positive)
        counts = counts.copy()
        counts[np.ix_(leukemic, healthy)] = 0
    return counts.argmax(axis=1)


def _share(name: str, right: pd.Series) -> dict[str, float]:
    """Return a proportion with its 95 % interval of Wilson, which 0 and 1 do not break."""
    if right.empty:
        return {}
    low, high = wilson(int(right.sum()), len(right))
    return {name: float(right.mean()), f"{name}_low": low, f"{name}_high": high}


def _areas(table: pd.DataFrame, class_names: list[str], params: EvaluateParams, seed: int) -> dict[str, float]:
    """Return `patient_roc_auc` of the screening score, and the macro average of one class against the rest.

    Patients are drawn again and again; an area without an error rests on the patients of the rarer kind.
    """
    label = table["label"].map(class_names.index).to_numpy()
    p = table[[f"p_{name}" for name in class_names]].to_numpy()
    by_class = complete(ranking_scorer(label, p, class_names), label)
    counts = np.bincount(label)
    evidence = {"patient_macro_roc_auc": int(counts[counts > 0].min())}
    screen = None
    if "positive" in table:
        screen = Ranking(table["screen_score"].to_numpy(), table["positive"].to_numpy())
        evidence["patient_roc_auc"] = int(min(table["positive"].sum(), (~table["positive"]).sum()))

    def scorer(weights: Floats) -> dict[str, Floats]:
        found = {"patient_macro_roc_auc": by_class(weights)["macro_roc_auc"]}
        return found | ({"patient_roc_auc": screen.areas(weights)[0]} if screen else {})

    value = {name: float(of[0]) for name, of in scorer(np.ones((1, len(table)))).items()}
    for name, (low, high) in intervals(scorer, table["unit"], params.n_resamples, seed, evidence=evidence).items():
        value |= {f"{name}_low": low, f"{name}_high": high}
    return value
