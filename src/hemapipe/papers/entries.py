"""One paper's entry of `claims.yaml`, typed: what it claims, prints and leaves open."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.core.params import Section
from hemapipe.evaluation.metrics import score
from hemapipe.papers.printed import Printed

#: What papers print beside the metrics of `metrics/evaluate/<model>.json`. `accuracy_over_cycles`: see cycles.py.
OTHER_METRICS = ("accuracy_over_cycles", "seconds_per_epoch")
Split = Literal["test", "validation", "training", "unstated"]


class Part(Section):
    """A part of an archive that may be taken by itself: its images, patients and images per class."""

    images: int
    patients: int
    classes: dict[str, int]


class Facts(Section):
    """What is known of a data set: its parts, how a reader calls its classes (`labels`), and what these are called in
    archives that stand in for it (`also_called`). `divided_by`: what its publishers' own division keeps whole.
    """

    parts: dict[str, Part]
    labels: dict[str, str] = Field(default_factory=dict)
    also_called: dict[str, list[str]] = Field(default_factory=dict)
    divided_by: str = ""


class Matrix(Section):
    """A confusion matrix as printed: counts under the printer's names, or rows of true classes; None: not printed."""

    tp: int | None = None
    tn: int | None = None
    fp: int | None = None
    fn: int | None = None
    rows: list[list[int | None]] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Matrix:
        named = self.model_fields_set & {"tp", "tn", "fp", "fn"}
        if (self.rows is None) != (len(named) == 4):
            raise ValueError("give either rows or all of tp, tn, fp, fn (null for what is not printed)")
        return self


class Value(Section):
    """One printed number. `also`: printed besides, kept out of the table; `above`: the paper says no more than that."""

    value: Printed
    split: Split = "test"
    where: str = ""
    epoch: int | None = None
    above: bool = False
    also: bool = False
    note: str = ""


class Claim(Section):
    """A printed number with everything it is a number of; shares are of 1."""

    paper: str
    model: str
    split: str
    metric: str
    printed: Decimal
    where: str
    epoch: int | None
    above: bool
    also: bool
    note: str

    @property
    def claimed(self) -> float:
        """The number as such."""
        return float(self.printed)


class Paper(Section):
    """One paper's entry. `rows`: its names of models → ours; `headline`: the metrics of the table.

    `divided_by`: what its division into training and test images keeps whole, by its text or its numbers.
    """

    title: str
    where: str
    data: str
    facts: Facts | None = None
    classes: list[str]
    positive: str = ""
    stated: dict[str, Printed | list[Printed]] = Field(default_factory=dict)
    test_classes: dict[str, int] = Field(default_factory=dict)
    divided_by: str = ""
    rows: dict[str, list[str]]
    headline: list[str] = Field(default=["accuracy"])
    headline_splits: list[Split] = Field(default=["test"])
    values: dict[str, dict[str, list[Value]]] = Field(alias="claims")
    matrices: dict[str, Matrix] = Field(default_factory=dict)
    checks: list[dict[str, Any]] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)
    name: str = ""

    @field_validator("rows", mode="before")
    @classmethod
    def _lists(cls, rows: Any) -> Any:
        """Let a single row stand without brackets."""
        return {key: [row] if isinstance(row, str) else row for key, row in rows.items()}

    @field_validator("values", mode="before")
    @classmethod
    def _long(cls, models: Any) -> Any:
        """Let a number stand for `[{value: number}]`."""
        return {
            model: {
                metric: [_value(one) for one in (v if isinstance(v, list) else [v])]
                for metric, v in (named or {}).items()
            }
            for model, named in models.items()
        }

    @model_validator(mode="after")
    def _known(self) -> Paper:
        metrics = metric_names(tuple(self.classes))
        for metric in [*(metric for named in self.values.values() for metric in named), *self.headline]:
            if metric not in metrics:
                raise ValueError(f"unknown metric {metric!r}{did_you_mean(metric, metrics)}")
        for model in [*self.rows, *self.matrices]:
            if model not in self.values:
                raise ValueError(f"unknown model {model!r}{did_you_mean(model, self.values)}")
        k = len(self.classes)
        for model, matrix in self.matrices.items():
            if matrix.rows is not None and [len(row) for row in matrix.rows] != [k] * k:
                raise ValueError(f"matrix of {model!r}: not {k} rows of {k} counts, one per class")
        return self

    def claims(self) -> list[Claim]:
        """Return every printed number of the models."""
        return [
            Claim(paper=self.name, model=model, metric=metric, printed=one.value, **one.model_dump(exclude={"value"}))
            for model, named in self.values.items()
            for metric, values in named.items()
            for one in values
        ]

    def find(self, model: str, metric: str, **wanted: Any) -> list[Claim]:
        """Return the claims of a model's metric; `wanted` narrows by further fields, such as where or split.

        Raises:
            HemapipeError: there is none.
        """
        found = [one for one in self.claims() if (one.model, one.metric) == (model, metric)]
        found = [one for one in found if all(getattr(one, key) == value for key, value in wanted.items())]
        if not found:
            more = "".join(f", {key} {value!r}" for key, value in wanted.items())
            raise HemapipeError(f"claims of {self.name}: no {metric} of {model!r}{more}")
        return found


@cache
def metric_names(classes: tuple[str, ...]) -> frozenset[str]:
    """Return what `metrics/evaluate/<model>.json` may hold for these classes, from the code that computes it."""
    k = len(classes)
    found = score(np.arange(k), np.eye(k), np.ones((1, k)), classes)
    return frozenset(found) | set(OTHER_METRICS)


def _value(one: Any) -> Any:
    return one if isinstance(one, dict) else {"value": one}
