"""How long the stages took: nobody's output, as two runs would differ; kept beside the page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

#: Where every stage leaves its own.
MEASURED = Path("data/timing")
#: A folder outside a temporary run, which would lose them.
OUTSIDE = "HEMAPIPE_TIMINGS"
_BEFORE, _BEHIND = "window.measuredHere = ", ";\n"


def write_times(page: Path | None = None) -> None:
    """Write measured_here.js into the folder `page` and, where that is set, into the one HEMAPIPE_TIMINGS names."""
    outside = os.environ.get(OUTSIDE)
    folders = [*([page] if page else []), *([Path(outside)] if outside else [])]
    for folder in folders:
        (folder / "measured_here.js").write_text(timings_script(MEASURED), "utf-8")


def timings_script(folder: Path) -> str:
    """Return a script that sets `window.measuredHere` to the timings found in `folder`, sorted by stage and name."""
    found = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    return f"{_BEFORE}{json.dumps(found, indent=1, sort_keys=True)}{_BEHIND}"


def read_times(script: Path) -> list[dict[str, Any]] | None:
    """Return the timings in a script that `write_times` wrote; None where another stands in its place."""
    text = script.read_text(encoding="utf-8")
    return json.loads(text.removeprefix(_BEFORE).removesuffix(_BEHIND)) if text.startswith(_BEFORE) else None
