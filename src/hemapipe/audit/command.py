"""`hemapipe audit`: the audit of any folder or archive, told on the terminal, as a page and as JSON."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from hemapipe.audit import hashes, page, shortcuts, summary
from hemapipe.audit.collect import FEATURES, collected
from hemapipe.audit.core import Audit, audit
from hemapipe.audit.findings import WORDS
from hemapipe.audit.params import AuditParams
from hemapipe.core.errors import HemapipeError
from hemapipe.core.text import counted

SEED = 2026
_WIDTH = 110


def audit_path(
    path: Path, pattern: str = "", json_path: Path | None = None, html_path: Path | None = None, n_jobs: int = 2
) -> str:
    """Audit the images at `path`, write what is asked for, and return the verdicts as text.

    Raises:
        HemapipeError: nothing to read at `path`, a pattern that fits nothing, or an output that cannot be written.
    """
    require_writable([json_path, html_path], path)
    with collected(path, pattern, n_jobs) as inputs:
        found = audit(inputs, AuditParams(px=FEATURES.px), FEATURES, SEED, n_jobs)
        if json_path:
            write_json(summary.machine_readable(found), json_path)
        if html_path:
            _write(page.render(found, path.resolve().name), html_path)
    return render(found)


def require_writable(outs: list[Path | None], source: Path) -> None:
    """Raise a HemapipeError for an output that cannot be written, before any work; no file is left behind.

    Nor may two outputs be one file, or one the `source` itself.
    """
    wanted = [out for out in outs if out]
    if len({out.resolve() for out in wanted}) < len(wanted):
        raise HemapipeError(f"{wanted[0]} is named twice: give each output a file of its own")
    for out in wanted:
        if out.resolve() == source.resolve():
            raise HemapipeError(f"cannot write {out}: it is what is to be audited")
        try:
            if out.is_dir() or not out.parent.is_dir():
                reason = "it is a folder" if out.is_dir() else f"there is no folder {out.parent}"
                raise HemapipeError(f"cannot write {out}: {reason}; name a file in a folder that exists")
            existed = out.exists()
            out.open("a").close()
        except OSError as error:
            raise _unwritable(out, error) from error
        if not existed:
            out.unlink()


def write_json(values: dict[str, Any], out: Path) -> None:
    """Write an object with its keys in their order.

    Raises:
        HemapipeError: the file cannot be written.
    """
    _write(json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n", out)


def _write(text: str, out: Path) -> None:
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> HemapipeError:
    return HemapipeError(f"cannot write {out}: {error.strerror or error}")


def audit_hash_list(path: Path, json_path: Path | None = None) -> str:
    """Audit a list `sha256,path` alone, write the JSON if asked for, and return the outcome as text.

    Raises:
        HemapipeError: no such list (see `hashes.read_hashes`), or an output that cannot be written.
    """
    require_writable([json_path], path)
    found = hashes.audit_hashes(hashes.read_hashes(path))
    if json_path:
        write_json(found, json_path)
    return hashes.render(found)


def render(found: Audit) -> str:
    """Return the verdict table and the probes as text for a terminal."""
    table = found.inputs.manifest
    n_patients = found.inputs.n_patients
    labels = table.loc[table["label"] != "", "label"].value_counts().sort_index()
    counts = ", ".join(f"{label} {count}" for label, count in labels.items()) or "no labels known"
    unlabelled = int((table["label"] == "").sum()) if len(labels) else 0
    counts += f", {unlabelled:,} without a label" if unlabelled else ""
    patients = counted(n_patients, "patient") if n_patients else "no patients"
    lines = [f"{counted(len(table), 'image file')}; {counts}; {patients} known", ""]
    for finding in found.findings:
        lines += _wrapped(f"[{WORDS[finding.verdict]}] {finding.title}: {finding.evidence}", "")
        lines += _wrapped(finding.advice, "→ ") if finding.advice else []
    rows = summary.probe_table(found).to_dict("records")
    if rows:
        lines += [
            "",
            *_wrapped(f"Shortcut probes, balanced accuracy ({rows[0]['split']}; chance {rows[0]['chance']:.3f})", ""),
        ]
    unjudged = shortcuts.unjudged(found.probes)
    for row in rows:
        line = f"  {row['probe']:<24}{row['balanced_accuracy']:.3f}  [{row['low']:.3f}, {row['high']:.3f}]"
        lines.append(f"{line}  not judged: no empty slide" if row["probe"] in unjudged else line)
    return "\n".join(lines)


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(mark + text, _WIDTH, initial_indent="    " if mark else "", subsequent_indent="    ")
