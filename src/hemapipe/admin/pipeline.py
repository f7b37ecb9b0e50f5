"""What dvc.yaml says about names: which stages exist, and which outputs carry the name of a model or feature set.

Read as plain YAML, in a few milliseconds; starting DVC for it would cost a second at every `make repro`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hemapipe.core.errors import HemapipeError

#: An output path with one foreach name: `metrics/train/${key}.json`, or a folder, `plots/evaluate/${key}/roc.csv`.
_NAMED = re.compile(r"^(?P<parent>[^$]*/)?(?P<prefix>[^$/]*)\$\{(?:key|item)\}(?P<suffix>[^$/]*)(?:/.*)?$")


@dataclass(frozen=True)
class NamedOutputs:
    """The outputs `parent/prefix<name>suffix`, one per name of one or more foreach stages."""

    parent: str
    prefix: str
    suffix: str

    def name_of(self, path: str) -> str | None:
        """Return the name in `path`, relative to the root; None where it is no such output (nor inside one)."""
        if not path.startswith(self.parent):
            return None
        entry = path[len(self.parent) :].split("/")[0]
        inside = entry.startswith(self.prefix) and entry.endswith(self.suffix)
        name = entry[len(self.prefix) : len(entry) - len(self.suffix)]
        return name if inside and name and not entry.startswith(".") else None


@dataclass(frozen=True)
class Pipeline:
    """The stages as DVC addresses them (`train_cnn@lenet`) and the names that each kind of output may have."""

    stages: frozenset[str]
    outputs: dict[NamedOutputs, frozenset[str]]

    def is_stale(self, path: str) -> bool:
        """Tell whether `path` belongs to a name that no foreach stage lists any more."""
        found = [(kind.name_of(path), names) for kind, names in self.outputs.items()]
        return any(name is not None and name not in names for name, names in found)


def read_pipeline(root: Path) -> Pipeline:
    """Read dvc.yaml and params.yaml in `root`.

    Raises:
        HemapipeError: one of the two is missing or no valid YAML, or dvc.yaml loops over a key that params.yaml lacks.
    """
    texts = {}
    for name in ("dvc.yaml", "params.yaml"):
        if not (root / name).exists():
            raise HemapipeError(f"{name} not found in {root}: run from the root of the repository")
        texts[name] = (root / name).read_text(encoding="utf-8")
    return parse_pipeline(texts["dvc.yaml"], texts["params.yaml"])


def parse_pipeline(dvc_yaml: str, params_yaml: str) -> Pipeline:
    """Resolve every `foreach` of `dvc_yaml` with the values of `params_yaml`; see `read_pipeline`."""
    params = parse_yaml(params_yaml, "params.yaml")
    stages: set[str] = set()
    outputs: dict[NamedOutputs, frozenset[str]] = {}
    for stage, body in parse_yaml(dvc_yaml, "dvc.yaml").get("stages", {}).items():
        if "foreach" not in body:
            stages.add(stage)
            continue
        names = _names(body["foreach"], params)
        stages.update(f"{stage}@{name}" for name in names)
        for kind in _named_outputs(body["do"]):
            outputs[kind] = outputs.get(kind, frozenset()) | names
    return Pipeline(frozenset(stages), outputs)


def outputs_until(target: str, dvc_lock: str) -> set[str]:
    """Return the outputs of the stage `target` and of all that it needs, as dvc.lock (its text) has them."""
    stages = parse_yaml(dvc_lock, "dvc.lock")["stages"]
    outputs = {name: {one["path"] for one in stage.get("outs", [])} for name, stage in stages.items()}
    needed, waiting = set[str](), [target]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        deps = [one["path"] for one in stages[name].get("deps", [])]
        before = {one for one, outs in outputs.items() if any(within(a, b) or within(b, a) for a in outs for b in deps)}
        waiting += sorted(before - needed - set(waiting))
    return {path for name in needed for path in outputs[name]}


def within(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or something in it."""
    return path == folder or path.startswith(f"{folder}/")


class _UniqueKeys(yaml.CSafeLoader):
    """A key that stands twice in a table is an error, as DVC has it; YAML's own loaders take the last, without a word.

    Without a word `prune` would remove what the first of two tables `cnn` lists.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the table, once its keys are seen to differ (before other tables are merged into it by `<<`)."""
        keys = [str(key.value) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            where = [key.start_mark.line + 1 for key, _ in node.value if key.value == twice]
            raise yaml.YAMLError(f"the key {twice!r} stands twice, in lines {where[0]} and {where[1]}: make them one")
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Return the table that a YAML file called `name` holds, {} where it is empty.

    Raises:
        HemapipeError: the text is no valid YAML, no table, or a key stands twice in one.
    """
    try:
        found = yaml.load(text, _UniqueKeys)
    except yaml.YAMLError as error:
        raise HemapipeError(f"{name} is not valid YAML: {error}") from error
    if not isinstance(found or {}, dict):
        raise HemapipeError(f"{name} must be a table of keys and values, not {type(found).__name__}")
    return found or {}


def _names(foreach: Any, params: dict[str, Any]) -> frozenset[str]:
    """Return the keys of the table (or the items of the list) that a foreach goes over."""
    if isinstance(foreach, str):
        key = foreach.removeprefix("${").removesuffix("}")
        foreach = params
        for part in key.split("."):
            if not isinstance(foreach, dict) or part not in foreach:
                raise HemapipeError(f"params.yaml has no key {key!r}, which dvc.yaml loops over")
            foreach = foreach[part]
    return frozenset(str(name) for name in foreach or ())


def _named_outputs(stage: dict[str, Any]) -> list[NamedOutputs]:
    declared = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]
    paths = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in declared]
    matches = [_NAMED.match(path) for path in paths]
    return [NamedOutputs(match["parent"] or "", match["prefix"], match["suffix"]) for match in matches if match]
