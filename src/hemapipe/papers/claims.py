"""What the papers claim, from `claims.yaml`: an unknown key or metric is an error that names the nearest one."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.core.params import Section
from hemapipe.papers.entries import Claim, Facts, Matrix, Paper, Value
from hemapipe.papers.printed import Loader

__all__ = ["CLAIMS_PATH", "Claim", "Facts", "Matrix", "Paper", "load_claims"]

CLAIMS_PATH = Path(__file__).parent / "claims.yaml"
AnySection = TypeVar("AnySection", bound=Section)


def load_claims(path: Path = CLAIMS_PATH) -> dict[str, Paper]:
    """Return the papers by name, in the order of the file.

    Raises:
        HemapipeError: the file is no valid YAML, or an entry has an unknown key, metric or model; each is named.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except yaml.YAMLError as error:
        raise HemapipeError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict) or set(content) != {"data", "papers"}:
        raise HemapipeError(f"{path} must have the keys data and papers, and no other")
    facts = {name: _check(Facts, entry, path, f"data.{name}") for name, entry in content["data"].items()}
    papers = {}
    for name, entry in content["papers"].items():
        paper = _check(Paper, entry, path, f"papers.{name}")
        papers[name] = paper.model_copy(update={"name": name, "facts": paper.facts or facts.get(paper.data)})
    return papers


def _check(section: type[AnySection], entry: object, path: Path, name: str) -> AnySection:
    try:
        return section.model_validate(entry)
    except ValidationError as error:
        lines = [f"{path.name}, {name}:"]
        for problem in error.errors():
            where = ".".join(map(str, problem["loc"]))
            if problem["type"] == "extra_forbidden":
                known = {*section.model_fields, *Value.model_fields} - {"name"}
                lines.append(f"  unknown key {where!r}{did_you_mean(str(problem['loc'][-1]), known)}")
            else:
                lines.append(f"  {where}: {problem['msg']}")
        raise HemapipeError("\n".join(lines)) from error
