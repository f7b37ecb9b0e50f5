"""Check params.yaml once for each state of it and the code, so that `make repro` with nothing to do does not wait."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: In DVC's own scratch folder; where there is none, every call checks.
STAMP = ".dvc/tmp/params-checked"
CODE = Path(__file__).resolve().parents[1]


def check_once(root: Path) -> None:
    """Call `settings.check_params`, which loads pandas and every sub-package's parameters, unless it passed before.

    Raises:
        HemapipeError: params.yaml is missing or wrong.
    """
    path, stamp = root / "params.yaml", root / STAMP
    now = fingerprint(path)
    if now and stamp.exists() and stamp.read_text(encoding="utf-8") == now:
        return
    from hemapipe.admin.settings import check_params

    check_params(path)
    if stamp.parent.is_dir():
        stamp.write_text(now, encoding="utf-8")


def fingerprint(path: Path) -> str:
    """Return a hash of the file's bytes and of the times and sizes of hemapipe's modules; '' without the file."""
    if not path.exists():
        return ""
    modules = [(file, file.stat()) for file in sorted(CODE.rglob("*.py"))]
    code = [f"{file} {stat.st_mtime_ns} {stat.st_size}" for file, stat in modules]
    return hashlib.sha256("\n".join([hashlib.sha256(path.read_bytes()).hexdigest(), *code]).encode()).hexdigest()
