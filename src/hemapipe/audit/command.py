"""`hemapipe audit`: the audit of any folder or archive, told on the terminal, as a page and as JSON."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from hemapipe.audit import page, summary
from hemapipe.audit.collect import FEATURES, collected
from hemapipe.audit.core import Audit, audit
from hemapipe.audit.findings import WORDS
from hemapipe.audit.params import AuditParams
from hemapipe.core.errors import HemapipeError

SEED = 2026
_WIDTH = 110


def audit_path(
    path: Path, pattern: str = "", json_path: Path | None = None, html_path: Path | None = None, n_jobs: int = 2
) -> str:
    """Audit the images at `path`, write what is asked for, and return the verdicts as text.

    Raises:
        HemapipeError: nothing to read at `path`, a pattern that fits nothing, or an output that cannot be written.
    """
    for out in filter(None, (json_path, html_path)):
        if not out.parent.is_dir() or out.is_dir():
            raise HemapipeError(f"cannot write {out}: {out.parent} must be a folder, and {out.name} a file in it")
    with collected(path, pattern, n_jobs) as inputs:
        found = audit(inputs, AuditParams(px=FEATURES.px), FEATURES, SEED, n_jobs)
        if json_path:
            text = json.dumps(summary.machine_readable(found), indent=1, allow_nan=False, ensure_ascii=False)
            json_path.write_text(text + "\n", "utf-8")
        if html_path:
            html_path.write_text(page.render(found, path.resolve().name), "utf-8")
    return render(found)


def render(found: Audit) -> str:
    """Return the verdict table and the probes as text for a terminal."""
    table = found.inputs.manifest
    n_patients = len(set(table["patient"]) - {""})
    labels = table.loc[table["label"] != "", "label"].value_counts().sort_index()
    counts = ", ".join(f"{label} {count}" for label, count in labels.items()) or "no labels known"
    lines = [f"{len(table):,} image files; {counts}; {n_patients or 'no'} patients known", ""]
    for finding in found.findings:
        lines += _wrapped(f"[{WORDS[finding.verdict]}] {finding.title}: {finding.evidence}", "")
        lines += _wrapped(finding.advice, "→ ") if finding.advice else []
    rows = summary.probe_table(found).to_dict("records")
    if rows:
        lines += ["", f"Shortcut probes, balanced accuracy ({rows[0]['split']}; chance {rows[0]['chance']:.3f})"]
    for row in rows:
        lines.append(f"  {row['probe']:<24}{row['balanced_accuracy']:.3f}  [{row['low']:.3f}, {row['high']:.3f}]")
    return "\n".join(lines)


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(mark + text, _WIDTH, initial_indent="    " if mark else "", subsequent_indent="    ")
