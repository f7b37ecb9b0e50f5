"""Parameters of `calibrate`: what counts as a positive finding, and what its threshold is fitted for."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import Section


class Cost(Section):
    """What an error costs, in any unit; only the ratio of the two matters."""

    miss: float = Field(gt=0, allow_inf_nan=False)
    false_alarm: float = Field(gt=0, allow_inf_nan=False)


class CalibrateParams(Section):
    """The classes that screening looks for, and the wanted sensitivity, or costs to weigh in its place."""

    positive: list[str]
    sensitivity: float = Field(gt=0, le=1)
    cost: Cost | None


def positive_classes(positive: Sequence[str], class_names: Sequence[str]) -> list[str]:
    """Return the positive classes in the order of `class_names`; none switches screening off.

    Raises:
        HemapipeError: a name is no class, or every class is positive.
    """
    unknown = sorted(set(positive) - set(class_names))
    if unknown:
        raise HemapipeError(
            f"calibrate.positive names {unknown[0]!r}, but the classes are {', '.join(class_names)}: "
            "list those of them that are leukemic, or set it to [] to do without screening"
        )
    if class_names and set(positive) == set(class_names):
        raise HemapipeError("calibrate.positive lists every class: leave out those that are not leukemic")
    return [name for name in class_names if name in set(positive)]
