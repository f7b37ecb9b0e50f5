"""The audit as numbers and lists for other programs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hemapipe.audit import repeats
from hemapipe.audit.core import Audit
from hemapipe.audit.findings import WORDS
from hemapipe.audit.probes import NAMES


def machine_readable(audit: Audit) -> dict[str, Any]:
    """Return the object that `hemapipe audit --json` writes.

    `images` and `patients` (persons, where several numbers are known to be one) are numbers, `labels` counts per label
    (unreadable files included), `unreadable` and `truncated` lists of paths, `exact_repeats` and `contradictory_labels`
    lists of sets of paths with equal pixels, `near_repeats` a list of pairs of paths, `probes` name → scores ({} where
    no honest split is possible). `verdicts` is check → verdict, evidence and advice, `quality` problem → paths;
    `outliers` and `suspected_labels` are lists of paths, the most telling first.
    """
    inputs = audit.inputs
    table = inputs.manifest
    labels = table.loc[table["label"] != "", "label"].value_counts().sort_index()
    named = {status: sorted(table.loc[table["status"] == status, "path"]) for status in ("unreadable", "truncated")}
    return {
        "images": len(table),
        "labels": {str(label): int(count) for label, count in labels.items()},
        "patients": inputs.n_patients,
        **named,
        "exact_repeats": _paths(audit, repeats.exact_sets(table)),
        "near_repeats": _paths(audit, repeats.near_pairs(inputs)),
        "contradictory_labels": _paths(audit, repeats.contradictory_sets(table)),
        "probes": {name: _probe(audit, name) for name in NAMES if name in audit.probes},
        "verdicts": {
            f.check: {"verdict": WORDS[f.verdict], "evidence": f.evidence, "advice": f.advice} for f in audit.findings
        },
        "quality": listed(audit, "quality"),
        **{
            check: [path for paths in listed(audit, check).values() for path in paths]
            for check in ("outliers", "suspected_labels")
        },
    }


def listed(audit: Audit, check: str) -> dict[str, list[str]]:
    """Return what is wrong → the paths of all images concerned, {} where a check found none."""
    found = [finding.listed for finding in audit.findings if finding.check == check]
    return {words: [audit.inputs.path_of[image] for image in ids] for one in found for words, ids in one.items()}


def metrics(audit: Audit) -> dict[str, float | int | str]:
    """Return the flat metrics of the stage: verdicts by check, the counts behind them, and the probes."""
    flat: dict[str, float | int | str] = {
        f"n_{verdict}": sum(finding.verdict == verdict for finding in audit.findings) for verdict in WORDS
    }
    for finding in audit.findings:
        flat[f"verdict_{finding.check}"] = WORDS[finding.verdict]
        counts = {key: value for key, value in finding.numbers.items() if key.startswith(("n_", "fewest"))}
        flat |= {f"{finding.check}_{key}": value for key, value in counts.items()}
    for name in NAMES:
        if name in audit.probes:
            probe = audit.probes[name]
            flat |= {f"probe_{name}": probe.balanced_accuracy, f"probe_{name}_low": probe.low}
            flat |= {f"probe_{name}_high": probe.high, "probe_chance": probe.chance}
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in flat.items()}


def probe_table(audit: Audit) -> pd.DataFrame:
    """Return a row per probe: `probe, balanced_accuracy, low, high, chance, split`."""
    rows = [{"probe": name, **_probe(audit, name)} for name in NAMES if name in audit.probes]
    return pd.DataFrame(rows, columns=["probe", "balanced_accuracy", "low", "high", "chance", "split"])


def verdict_table(audit: Audit) -> pd.DataFrame:
    """Return a row per check: `check, verdict, evidence, advice`, the gravest first."""
    rows = [(f.check, WORDS[f.verdict], f.evidence, f.advice) for f in audit.findings]
    return pd.DataFrame(rows, columns=["check", "verdict", "evidence", "advice"])


def _probe(audit: Audit, name: str) -> dict[str, Any]:
    probe = audit.probes[name]
    return {key: getattr(probe, key) for key in ("balanced_accuracy", "low", "high", "chance", "split")}


def _paths(audit: Audit, sets: list[list[str]]) -> list[list[str]]:
    return [[audit.inputs.path_of[image] for image in ids] for ids in sets]
