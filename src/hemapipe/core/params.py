"""Typed parameters: every sub-package declares its own `Section`; this module reads and checks them.

`params.yaml` is read directly, not through DVC, so that stages run where DVC is not installed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from hemapipe.core.errors import HemapipeError, did_you_mean, reason

PARAMS_PATH = Path("params.yaml")


class Section(BaseModel):
    """A typed part of `params.yaml`; an unknown key is an error, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    _name: str = PrivateAttr("")

    if "HEMAPIPE_TRACE" in os.environ:

        def __getattribute__(self, item: str) -> Any:
            """Record which keys a stage really uses: the pipeline's tests hold them against dvc.yaml."""
            if item in type(self).model_fields and self._name:
                _trace(f"{self._name}.{item}")
            return super().__getattribute__(item)


AnySection = TypeVar("AnySection", bound=Section)


def read_params(path: Path = PARAMS_PATH) -> dict[str, Any]:
    """Return the whole of `params.yaml` as nested dictionaries.

    Raises:
        HemapipeError: the file is missing or is not valid YAML, or `seed` or `threads` is no such number.
    """
    if not path.exists():
        raise HemapipeError(f"{path} not found: run from the root of the repository")
    try:
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise HemapipeError(f"{path} is not valid YAML: {error}") from error
    for name, least in (("seed", 0), ("threads", 1)):
        value = params.get(name, least)
        if type(value) is not int or value < least:
            raise HemapipeError(f"{path}: {name} must be a whole number of at least {least} (got {value!r})")
    return params


def lookup(params: dict[str, Any], name: str) -> Any:
    """Return the value at a dotted `name` of the nested dictionaries.

    Raises:
        HemapipeError: no such key; the message names the nearest one.
    """
    _trace(name)
    return _walk(params, name)


def load(section: type[AnySection], name: str, path: Path = PARAMS_PATH) -> AnySection:
    """Return the checked section at the dotted `name` of `params.yaml`.

    Raises:
        HemapipeError: unknown or missing keys, or values out of range, each named.
    """
    return check(section, _walk(read_params(path), name), name)


def check(section: type[AnySection], values: Any, name: str) -> AnySection:
    """Validate a dictionary against `section`; `name` is what messages call it."""
    try:
        checked = section.model_validate(values)
    except ValidationError as error:
        raise HemapipeError(_explain(error, section, name)) from error
    checked._name = name
    return checked


def resolve(section: AnySection, row: Section) -> AnySection:
    """Return the recipe of one model: the keys its `row` sets itself, else those of the `section`."""
    names = type(section).model_fields
    return type(section)(**{key: getattr(row if key in row.model_fields_set else section, key) for key in names})


def derive_seed(seed: int, *names: str) -> int:
    """Return a 31-bit seed for a named use, so that stages do not share a random stream."""
    digest = hashlib.sha256("/".join([str(seed), *names]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _walk(params: dict[str, Any], name: str) -> Any:
    value: Any = params
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            known = list(value) if isinstance(value, dict) else []
            raise HemapipeError(f"params.yaml has no key {name!r}{did_you_mean(part, known)}")
        value = value[part]
    return value


def _explain(error: ValidationError, section: type[Section], name: str) -> str:
    lines = [f"params.yaml, section {name!r}:"]
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"  unknown key {where!r}{did_you_mean(where.rsplit('.', 1)[-1], section.model_fields)}")
        else:
            lines.append(f"  {where or name}: {reason(problem['msg'])} (got {problem['input']!r})")
    return "\n".join(lines)


def _trace(name: str) -> None:
    """Note the key in the folder HEMAPIPE_TRACE, one file per stage run (see tests/test_pipeline.py)."""
    folder = os.environ.get("HEMAPIPE_TRACE")
    if folder:
        run = "-".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
        with open(Path(folder) / run, "a", encoding="utf-8") as handle:
            handle.write(f"param {name}\n")
