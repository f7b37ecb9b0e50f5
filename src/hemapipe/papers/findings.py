"""What a check returns: a contradiction in a paper's own numbers, with its arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.papers.claims import Claim, Facts, Paper
from hemapipe.papers.printed import as_percent


class Finding(NamedTuple):
    """What does not add up in a paper, and the arithmetic, each a sentence."""

    paper: str
    what: str
    arithmetic: str


def stated(paper: Paper, key: str) -> Decimal:
    """Return a number the paper states about its protocol.

    Raises:
        HemapipeError: the entry does not have it.
    """
    value = paper.stated.get(key)
    if not isinstance(value, Decimal):
        raise HemapipeError(f"claims of {paper.name}: a check needs stated.{key}{did_you_mean(key, paper.stated)}")
    return value


def facts(paper: Paper) -> Facts:
    """Return what is known of the paper's data set.

    Raises:
        HemapipeError: nothing is.
    """
    if paper.facts is None:
        raise HemapipeError(f"claims of {paper.name}: a check needs facts of the data set {paper.data!r}")
    return paper.facts


def called(paper: Paper, name: str) -> str:
    """Return what a reader calls one of the paper's classes."""
    return paper.facts.labels.get(name, name) if paper.facts else name


def one(paper: Paper, model: str, metric: str, **wanted: str) -> Claim:
    """Return the one claim of a model's metric, of no single epoch; one printed besides counts where there is no other.

    Raises:
        HemapipeError: there is none, or more than one.
    """
    found = [claim for claim in paper.find(model, metric, **wanted) if claim.epoch is None]
    found = [claim for claim in found if not claim.also] or found
    if len(found) != 1:
        raise HemapipeError(f"claims of {paper.name}: {len(found)} numbers for {metric} of {model!r}; say which")
    return found[0]


def said(claim: Claim) -> str:
    """Write a share as a reader of the paper sees it, with where it stands: 88.975 % (abstract)."""
    place = claim.where if claim.split == "test" or claim.where in ("table", "matrix", "abstract") else claim.split
    return as_percent(claim.printed) + (f" ({place})" if place else "")


def both(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
