"""The audit as one HTML page that needs no network: verdicts, probes, and the images concerned side by side."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np

from hemapipe.audit.core import Audit
from hemapipe.audit.findings import WORDS, Finding, worst
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.probes import NAMES
from hemapipe.audit.shortcuts import unjudged
from hemapipe.audit.summary import listed, machine_readable

_HERE = Path(__file__).parent
#: The look is the report's own.
_TEMPLATES = [_HERE / "templates", _HERE.parent / "report" / "templates"]
_SIDE = 144  # px of a thumbnail
_BOX = 148  # px on the page that it is shown in
_LONGEST = 6.0  # times as long as wide, so that a strip of a picture can still be seen
_QUALITY = 82
HEADLINES = {
    "ok": "Nothing found that would inflate results.",
    "warning": "Some things to look at before you believe a number.",
    "inflates": "Results on these images would be too good, unless you act on what is marked below.",
}


def render(audit: Audit, title: str) -> str:
    """Return the page; `title` names the collection. Equal findings give equal bytes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["count"] = lambda value: f"{value:,}".replace(",", "\u202f")
    numbers = machine_readable(audit)
    verdict = worst(audit.findings)
    return environment.get_template("audit.html.j2").render(
        title=title,
        numbers=numbers,
        headline=HEADLINES[verdict],
        verdict=verdict,
        words=WORDS,
        tally={name: sum(finding.verdict == name for finding in audit.findings) for name in reversed(WORDS)},
        findings=audit.findings,
        shown=[
            (f, _panels(audit.inputs, f), _n_shown(f), listed(audit, f.check))
            for f in audit.findings
            if f.panels or f.listed
        ],
        probes=[(name, NAMES[name], numbers["probes"][name]) for name in NAMES if name in numbers["probes"]],
        unjudged=unjudged(audit.probes),
    )


def _n_shown(finding: Finding) -> int:
    """Count what is shown: sets, where a panel is a set of copies, else images."""
    sets = finding.check.endswith(("_repeats", "_labels")) and finding.check != "suspected_labels"
    return len(finding.panels) if sets else sum(len(panel.images) for panel in finding.panels)


def _panels(inputs: Inputs, finding: Finding) -> list[dict[str, Any]]:
    """Return caption and images (thumbnail, its shape, name, path, note) of a finding's panels.

    Images are called by their file names, or by their paths where two of a panel have one name.
    """
    panels = []
    for panel in finding.panels:
        paths = [inputs.path_of[image] for image, _ in panel.images]
        names = [path.rsplit("/", 1)[-1] for path in paths]
        names = names if len(set(names)) == len(names) else paths
        images = [
            {
                "src": thumbnail(inputs.packed[row]),
                "style": _shape(inputs, row),
                "path": path,
                "name": name,
                "note": note,
            }
            for (image, note), path, name in zip(panel.images, paths, names, strict=True)
            for row in [inputs.row_of[image]]
        ]
        panels.append({"caption": panel.caption, "images": images})
    return panels


def _shape(inputs: Inputs, row: int) -> str:
    """Return the style that shows a (square) thumbnail as wide and as high as its image is, within `_BOX`."""
    width, height = (inputs.rows[name].to_numpy(float)[row] for name in ("width", "height"))
    ratio = min(max(width / max(height, 1.0), 1 / _LONGEST), _LONGEST)
    return f"width: {round(_BOX * min(ratio, 1))}px; aspect-ratio: {ratio:.3f}"


def thumbnail(image: np.ndarray) -> str:
    """Return a small JPEG of an RGB uint8 image as a data URL."""
    side = min(_SIDE, image.shape[0])
    small = image if side == image.shape[0] else cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError("OpenCV could not encode a thumbnail")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
