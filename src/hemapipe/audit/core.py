"""All checks on one collection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemapipe.audit import confounding, oddities, repeats, shortcuts, suspects
from hemapipe.audit.findings import WORDS, Finding
from hemapipe.audit.folds import honest_folds
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.measure import measure
from hemapipe.audit.params import AuditParams
from hemapipe.audit.probes import Probe
from hemapipe.core.errors import HemapipeError
from hemapipe.features.extract import write_features
from hemapipe.features.params import FeatureRow


@dataclass(frozen=True)
class Audit:
    """The findings, gravest first, and the probes (with `metadata_without_bytes`), {} where they could not be run."""

    inputs: Inputs
    findings: list[Finding]
    probes: dict[str, Probe]


def audit(inputs: Inputs, params: AuditParams, row: FeatureRow, seed: int, n_jobs: int) -> Audit:
    """Check one collection for what would make its results look better than they are.

    Args:
        inputs: the collection; images that cannot be decoded are in its manifest alone.
        params: folds and resamples of the probes.
        row: the feature set that `inputs.embedding` holds; the neutralised images are put through the same.
        seed: of folds, trees and resamples.
        n_jobs: processes; the findings do not depend on it.

    Raises:
        HemapipeError: the backbone's weights cannot be had.
    """
    findings: list[Finding | None] = [
        repeats.check_exact(inputs),
        repeats.check_near(inputs),
        repeats.check_contradictions(inputs),
        oddities.check_files(inputs),
        oddities.check_unlabelled(inputs),
        oddities.check_empty_classes(inputs),
        confounding.check_patients(inputs),
        confounding.check_cohorts(inputs),
        shortcuts.check_testable(inputs),
    ]
    probes: dict[str, Probe] = {}
    if len(inputs.packed):
        measures = measure(inputs, n_jobs)
        try:
            folds = honest_folds(inputs, params.n_folds, seed)
        except HemapipeError as error:
            findings += [shortcuts.not_run(inputs, str(error)), suspects.not_checked(str(error))]
        else:
            path = Path(inputs.work, "neutralised_features.npy")
            write_features(measures.neutralised, row, n_jobs, path)
            probes = shortcuts.run_probes(inputs, measures, np.load(path), folds, params.n_resamples, seed, n_jobs)
            findings += [*shortcuts.check_shortcuts(inputs, probes, folds), suspects.check_labels(inputs, probes)]
        findings += [
            oddities.check_quality(inputs, measures.quality),
            oddities.check_outliers(inputs),
        ]
    grave_first = list(reversed(WORDS))
    found = sorted(filter(None, findings), key=lambda finding: grave_first.index(finding.verdict))
    return Audit(inputs, found, probes)
