"""Thin entry points, one per stage of dvc.yaml: `python -m stages.<name> [key]`.

This checkout's own `src` goes first on the path, so that an experiment in a temporary copy
(`dvc exp run --temp`, `--queue`) runs the code it was queued with, whatever is installed.
"""

import atexit
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
# Worker processes find the same code through the environment.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))


def _trace_modules() -> None:
    """Append the local modules that were imported to the file named by HEMAPIPE_TRACE, for the pipeline's tests."""
    target = os.environ.get("HEMAPIPE_TRACE")
    if not target:
        return
    with open(target, "a", encoding="utf-8") as handle:
        for name, module in sorted(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] == "hemapipe" and file:
                handle.write(f"module {Path(file).relative_to(ROOT).as_posix()}\n")


atexit.register(_trace_modules)
