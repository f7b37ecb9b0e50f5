"""What a model card warns of: sentences that follow from the run's own numbers."""

from __future__ import annotations

from hemapipe.report import highlights
from hemapipe.report.leaderboard import Metrics
from hemapipe.report.page import Run, class_names


def limits(run: Run, source: str, name: str) -> list[str]:
    """Return, in sentences, what a reader must know before using the model `name`; `source`: where images are from."""
    score = run.scores[name]
    found = _of_the_data(run, source) + _of_the_decisions(run.params.get("calibrate", {}), score)
    told = highlights.warnings(run.params, run.catalog, run.split, run.augment, score)
    found += [text[0].upper() + text[1:] + "." for text in told]
    weakest = min(class_names(run), key=lambda one: (score.get(f"recall_{one}", 1.0), one))
    if f"recall_{weakest}" in score:
        found.append(f"Of the classes it finds {weakest} worst: recall {score[f'recall_{weakest}']:.3f}.")
    if run.split.get("n_folds", 1) > 1:
        found.append(
            f"The scores are of {run.split['n_folds']} models, one per fold, each on images it never saw. Prediction "
            "uses the first fold's, which alone may be better or worse."
        )
    found.append(
        "Intervals tell the luck of the test images, not that of training. The best test score among many models is "
        "partly luck."
    )
    return found


def _of_the_data(run: Run, source: str) -> list[str]:
    names = ", ".join(class_names(run))
    found = [f"It knows {names}, and nothing else: any smear gets one of these names, whatever is on it."]
    if source == "synthetic":
        found.append("The images are drawn by a program. The scores say how the method behaves, nothing of patients.")
    if not run.catalog.get("n_patients"):
        found.append("Nobody names the patients: no split can promise that none is on both sides.")
    if run.params.get("split", {}).get("scheme") != "cohort":
        found.append(
            "It was tested on images of the collection it was trained on. Another stain, camera, magnification or "
            "laboratory was not tested, and usually costs a good part of the score."
        )
    if run.audit.get("n_inflates"):
        found.append(f"Findings of the audit that would inflate results: {run.audit['n_inflates']}.")
    return found


def _of_the_decisions(calibrate: Metrics, score: Metrics) -> list[str]:
    """Say where test images miss the sensitivity that validation images promised."""
    wanted = calibrate.get("sensitivity")
    if not wanted or calibrate.get("cost"):
        return []
    units = {"screen": "images", "patient": f"{score.get('patient_unit', 'patient')}s, by the same threshold"}
    return [
        f"Screening misses its aim: sensitivity {score[f'{key}_sensitivity']:.3f} on test {unit}, wanted {wanted}."
        for key, unit in units.items()
        if score.get(f"{key}_sensitivity", wanted) < wanted
    ]
