"""What does not add up, derived from the claims: `checks:` of claims.yaml bind kinds of checks to numbers.

A kind is a pure function of a paper and its entry's keys, that returns findings with the arithmetic in a sentence, and
none where the numbers agree. A new kind is a function and a row of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, validate_call

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.papers import check_matrices, check_numbers, check_protocols
from hemapipe.papers.claims import Paper
from hemapipe.papers.findings import Finding

KINDS: dict[str, Callable[..., Finding | list[Finding] | None]] = {
    function.__name__: function
    for function in (
        check_matrices.swapped_fp_fn,
        check_matrices.row_totals,
        check_matrices.matrix_accuracy,
        check_matrices.order,
        check_matrices.below_majority,
        check_numbers.fraction,
        check_numbers.kfold_fraction,
        check_numbers.several_values,
        check_numbers.implied_recall,
        check_numbers.called_highest,
        check_numbers.exceeds,
        check_numbers.totals,
        check_numbers.not_all_right,
        check_numbers.mean_of_two,
        check_protocols.augmented_first,
        check_protocols.stated_images,
        check_protocols.patients,
        check_protocols.frozen_body,
    )
}


def find(papers: dict[str, Paper]) -> list[Finding]:
    """Return every finding: paper by paper in the order of their checks, then those between papers."""
    found = [finding for paper in papers.values() for entry in paper.checks for finding in run(paper, entry)]
    return found + check_protocols.between(papers)


def run(paper: Paper, entry: dict[str, Any]) -> list[Finding]:
    """Return what one entry of `checks:` finds.

    Raises:
        HemapipeError: no such kind, or keys it does not take or lacks.
    """
    values = dict(entry)
    kind = values.pop("kind", "")
    if kind not in KINDS:
        raise HemapipeError(f"claims of {paper.name}: unknown kind of check {kind!r}{did_you_mean(str(kind), KINDS)}")
    try:
        found = validate_call(KINDS[kind])(paper=paper, **values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise HemapipeError(f"claims of {paper.name}, check {kind}: {problems}") from error
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
