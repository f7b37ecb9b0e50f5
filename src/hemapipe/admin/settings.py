"""Check the whole of params.yaml before anything runs.

A stage reads its own keys only, and DVC follows only the keys that dvc.yaml names: a misspelt one would change nothing,
in silence. Here each section is held against its class, and each name against the table it points into.
"""

from __future__ import annotations

import difflib
import graphlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from hemapipe import sources
from hemapipe.admin.pipeline import parse_yaml
from hemapipe.audit.params import AuditParams
from hemapipe.augment.params import AugmentParams
from hemapipe.calibrate.params import CalibrateParams
from hemapipe.catalog.manifest import Params as CatalogParams
from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.core.params import Section, check, read_params
from hemapipe.ensemble.params import EnsembleRow
from hemapipe.evaluation.params import EvaluateParams
from hemapipe.explain.params import ExplainParams
from hemapipe.features.params import FeatureRow
from hemapipe.group.params import GroupParams
from hemapipe.leakage.params import PriceLeakageParams
from hemapipe.models.cnn import builders
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.reject.params import RejectParams
from hemapipe.report.params import CompareParams
from hemapipe.split.params import SplitParams
from hemapipe.ties.params import TiesParams
from hemapipe.training.classical.params import ClassicalRow, TrainClassicalParams
from hemapipe.training.cnn.params import CnnRow, TrainParams

SECTIONS: dict[str, type[Section]] = {
    "catalog": CatalogParams, "preprocess": PreprocessParams, "find_ties": TiesParams, "group": GroupParams,
    "split": SplitParams, "augment": AugmentParams, "train_cnn": TrainParams, "train_classical": TrainClassicalParams,
    "calibrate": CalibrateParams, "evaluate": EvaluateParams, "price_leakage": PriceLeakageParams,
    "audit": AuditParams, "reject": RejectParams, "explain": ExplainParams, "compare": CompareParams,
}  # fmt: skip
#: Tables of rows, each row a section of its own.
TABLES: dict[str, type[Section]] = {
    "extract_features": FeatureRow, "cnn": CnnRow, "classical": ClassicalRow, "ensemble": EnsembleRow,
}  # fmt: skip
MODELS = ("cnn", "classical", "ensemble")
KNOWN = {"seed", "threads", "download", "find_lr", *SECTIONS, *TABLES}
#: How alike (difflib's ratio) a section of one's own and a known one may not be: `splitt` and `evaluation` are slips.
ALIKE = 0.75


def check_params(path: Path) -> None:
    """Hold every key of the file against what reads it.

    A section of somebody's own passes, unless its name resembles a known one.

    Raises:
        HemapipeError: all that is wrong, a line or more each.
    """
    if path.exists() and not parse_yaml(path.read_text(encoding="utf-8"), path.name):
        raise HemapipeError(f"{path.name} is empty: `git checkout {path.name}` brings it back")
    params = read_params(path)
    problems = list(_misnamed(params))
    checked: dict[str, Section] = {}
    for name, section, values in () if problems else _typed(params):
        try:
            checked[name] = check(section, values, name)
        except HemapipeError as error:
            problems.append(str(error))
    problems = problems or [*_dangling(checked), *_absent("find_lr", params["find_lr"], params["cnn"] or {})]
    if problems:
        raise HemapipeError("\n".join(problems))


def _misnamed(params: dict[str, Any]) -> Iterator[str]:
    """Yield sections that are missing, misspelt or no tables, and what is wrong with the names of sources."""
    yield from (f"params.yaml has no section {name!r}" for name in sorted(KNOWN - params.keys()))
    for name in map(str, params):
        for near in [] if name in KNOWN else difflib.get_close_matches(name, KNOWN, n=1, cutoff=ALIKE):
            hint = f"did you mean {near!r}? (A section of your own needs a name less alike.)"
            yield f"params.yaml: unknown section {name!r}; {hint}"
    for table in ("download", *TABLES):
        if not isinstance(params.get(table) or {}, dict):
            yield f"params.yaml: {table} must be a table (got {params[table]!r})"
            return
    known, download = sources.names(), params.get("download") or {}
    for name in map(str, download):
        if name not in {"source", *known}:
            yield f"params.yaml, section 'download':\n  unknown key {name!r}{did_you_mean(name, ['source', *known])}"
    active = str(download.get("source"))
    if active not in known:
        yield f"params.yaml: download.source: no source {active!r}{did_you_mean(active, known)}"
    elif active not in download:
        yield f"params.yaml: download.source is {active}, but there is no section download.{active}"


def _typed(params: dict[str, Any]) -> Iterator[tuple[str, type[Section], Any]]:
    """Yield dotted name, class and values of every part that a class describes."""
    yield from ((name, section, params[name]) for name, section in SECTIONS.items())
    for table, row in TABLES.items():
        yield from ((f"{table}.{name}", row, values) for name, values in (params[table] or {}).items())
    for name in filter(params["download"].__contains__, sources.names()):
        yield f"download.{name}", sources.load(name).Params, params["download"][name]


def _dangling(checked: dict[str, Section]) -> Iterator[str]:
    """Yield what is named and not there: sizes, builders, feature sets, members; and models that are named twice."""
    rows = {table: [name.split(".", 1)[1] for name in checked if name.startswith(f"{table}.")] for table in TABLES}
    models = [model for table in MODELS for model in rows[table]]
    preprocess = cast(PreprocessParams, checked["preprocess"])
    yield from _neutral(checked, preprocess)
    for name, part in checked.items():
        if name.startswith("download.") or name == "preprocess":
            continue
        yield from _network(name, part, preprocess.px)
        yield from _absent(f"{name}.features", getattr(part, "features", None), rows["extract_features"])
        yield from _absent(f"{name}.of", getattr(part, "of", None), set(models) - {name.split(".", 1)[-1]})
    for model in sorted({model for model in models if models.count(model) > 1}):
        tables = " and ".join(table for table in MODELS if model in rows[table])
        yield f"params.yaml: {model} is a row of {tables}, whose files would be the same: rename one"
    yield from _impossible(checked, rows["ensemble"])


def _neutral(checked: dict[str, Section], preprocess: PreprocessParams) -> Iterator[str]:
    """Yield sides with a neutral slide that are no sides, or that the slide and its light are looked for in."""
    sizes = preprocess.px
    for side in sorted(set(preprocess.neutral) - set(sizes)):
        yield f"params.yaml: preprocess.neutral names {side}, which is not among the sides of preprocess.px {sizes}"
    for name in ("audit", "find_ties", "reject"):
        side = checked[name].px
        if side in preprocess.neutral:
            yield (
                f"params.yaml: {name}.px is {side}, which preprocess.neutral names, but light and slide must be seen "
                f"there: give the models that want a neutral slide a side of their own"
            )


def _impossible(checked: dict[str, Section], ensembles: list[str]) -> Iterator[str]:
    """Yield what would fail, but only after hours of training: what needs images that no fold sets aside, and rings."""
    split, default = cast(SplitParams, checked["split"]), cast(TrainParams, checked["train_cnn"])
    for name, part in checked.items():
        if split.val_frac == 0 and isinstance(part, EnsembleRow) and part.kind == "stack":
            yield f"params.yaml: {name} is a stack, which is fitted on validation images, but split.val_frac is 0"
        if isinstance(part, CnnRow) and split.val_frac == 0:
            own = "early_stopping" in part.model_fields_set
            if part.early_stopping if own else default.early_stopping:
                yield f"params.yaml: {name} stops early by its validation loss, but split.val_frac is 0"
        if split.n_inner == 0 and isinstance(part, ClassicalRow) and part.grid:
            yield f"params.yaml: {name}.grid is chosen from on inner folds, but split.n_inner is 0: set it to 3, say"
    members = {name: cast(EnsembleRow, checked[f"ensemble.{name}"]).of for name in ensembles}
    try:
        graphlib.TopologicalSorter(members).prepare()
    except graphlib.CycleError as error:
        yield f"params.yaml: ensembles name each other: {' <- '.join(error.args[1])}"


def _network(name: str, part: Section, sizes: list[int]) -> Iterator[str]:
    """Yield a size that no array is packed in and a builder that does not exist, of a section and of its `cnn`."""
    px, builder = getattr(part, "px", None), getattr(part, "builder", "")
    if px is not None and px not in sizes:
        packed = ", ".join(map(str, sizes))
        yield f"params.yaml: {name}.px is {px}, but preprocess.px is [{packed}]: add it there, or take one of these"
    if builder and builder not in builders():
        yield f"params.yaml: {name}.builder: no network builder {builder!r}{did_you_mean(builder, builders())}"
    inner = getattr(part, "cnn", None)
    if isinstance(inner, Section):
        yield from _network(f"{name}.cnn", inner, sizes)


def _absent(name: str, named: Any, rows: Iterable[str]) -> Iterator[str]:
    """Yield the names of a text or list that are no rows; `augment.features`, a switch, names none."""
    wanted = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    for one in dict.fromkeys(wanted):
        if one not in rows:
            yield f"params.yaml: {name} names {one!r}, which is no row{did_you_mean(one, rows)}"
