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
# Threads of a parallel region wait actively for about 30 microseconds, not for milliseconds: where another program uses
# a core, training is then 2 to 4 times faster; alone it loses 2 % (lite0 at 64 px, 2 cores). Read when torch loads.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# Worker processes find the same code through the environment.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))


def _trace_modules() -> None:
    """Note the local modules this run imported in the folder HEMAPIPE_TRACE (see tests/test_pipeline.py)."""
    folder = os.environ.get("HEMAPIPE_TRACE")
    if not folder:
        return
    run = "-".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
    files = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("hemapipe")]
    with open(Path(folder) / run, "a", encoding="utf-8") as handle:
        handle.writelines(f"module {Path(file).relative_to(ROOT).as_posix()}\n" for file in sorted(filter(None, files)))


atexit.register(_trace_modules)
