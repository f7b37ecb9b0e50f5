"""How long the stages took: nobody's output, as two runs would differ; kept beside the page."""

from __future__ import annotations

import json
import os
from pathlib import Path

#: Where every stage leaves its own.
MEASURED = Path("data/timing")
#: A folder outside a temporary run, which would lose them.
OUTSIDE = "HEMAPIPE_TIMINGS"


def write_times(page: Path | None = None) -> None:
    """Write measured_here.js into the folder `page` and, where that is set, into the one HEMAPIPE_TIMINGS names."""
    outside = os.environ.get(OUTSIDE)
    folders = [*([page] if page else []), *([Path(outside)] if outside else [])]
    for folder in folders:
        (folder / "measured_here.js").write_text(timings_script(MEASURED), "utf-8")


def timings_script(folder: Path) -> str:
    """Return a script that sets `window.measuredHere` to the timings found in `folder`, sorted by stage and name."""
    found = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    return f"window.measuredHere = {json.dumps(found, indent=1, sort_keys=True)};\n"
