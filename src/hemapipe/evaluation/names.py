"""Class names become parts of metric names: two that would share one are refused."""

from __future__ import annotations

from collections.abc import Iterable

from hemapipe.core.errors import HemapipeError

#: What a metric's name ends in for its lower and upper limit and its standard deviation over folds.
ENDS = ("_low", "_high", "_sd")


def require_distinct(class_names: Iterable[str]) -> None:
    """Refuse classes such as `risk` and `risk_low`: `recall_risk_low` would be of both, a limit and a value.

    Raises:
        HemapipeError: a class is called like another one and `_low`, `_high` or `_sd`.
    """
    names = set(class_names)
    for name in sorted(names):
        for end in ENDS:
            if name + end in names:
                raise HemapipeError(
                    f"classes {name!r} and {name + end!r}: recall_{name}{end} would mean a limit of the one and the "
                    "value of the other; rename one of the two classes"
                )
