"""What a check says: a verdict, the evidence for it, what to do, and the images to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["ok", "warning", "inflates"]
#: The verdicts in words, from harmless to grave.
WORDS: dict[Verdict, str] = {"ok": "ok", "warning": "warning", "inflates": "would inflate results"}


@dataclass(frozen=True)
class Panel:
    """Images to be shown side by side: a caption, and (image_id, what to write under it) from left to right."""

    caption: str
    images: list[tuple[str, str]]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    `evidence` says what was found, with numbers and their conditions; `advice` what to do, '' where there is nothing.
    `panels` are the images concerned, most telling first; `n_panels` how many sets (or images) there are in all.
    `listed` names all images concerned (image_ids, the most telling first) by what is wrong with them.
    """

    check: str
    title: str
    verdict: Verdict
    evidence: str
    advice: str = ""
    panels: list[Panel] = field(default_factory=list)
    n_panels: int = 0
    numbers: Mapping[str, float | int] = field(default_factory=dict)
    listed: Mapping[str, list[str]] = field(default_factory=dict)


def worst(findings: list[Finding]) -> Verdict:
    """Return the gravest verdict there is."""
    return worst_of([finding.verdict for finding in findings])


def worst_of(verdicts: list[Verdict]) -> Verdict:
    """Return the gravest of some verdicts, ok of none."""
    return max(verdicts, key=list(WORDS).index, default="ok")


def part(shown: int, n: int) -> str:
    """Return `; 6 of 16 shown` where not all are."""
    return f"; {shown} of {n:,} shown" if shown < n else ""
