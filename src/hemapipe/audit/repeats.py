"""Pictures that are there more than once: equal pixels, contradictory labels, and the same field again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.audit.findings import Finding, Panel, Verdict, counted
from hemapipe.audit.inputs import Inputs

_SHOWN = 12
_KEEP_TOGETHER = (
    "Split by group (group.by with repeat and near) and drop the copies (split.drop: duplicate); "
    "never split such a collection by image."
)


def exact_sets(manifest: pd.DataFrame) -> list[list[str]]:
    """Return the sets of image_ids with equal pixels (not file bytes), each in order of path, sorted."""
    known = manifest[manifest["sha256"] != ""].sort_values("path")
    groups = known.groupby("sha256")["image_id"].agg(list)
    order = dict(zip(manifest["image_id"], manifest["path"], strict=True))
    return sorted((ids for ids in groups if len(ids) > 1), key=lambda ids: order[ids[0]])


def contradictory_sets(manifest: pd.DataFrame) -> list[list[str]]:
    """Return the sets of equal pixels that carry more than one label; images without label are left out."""
    return exact_sets(manifest[manifest["conflict"].astype(bool)])


def near_pairs(inputs: Inputs) -> list[list[str]]:
    """Return the pairs of near repeats, sorted by path."""
    pairs = inputs.near_repeats[["image_id", "other_id"]].to_numpy().tolist()
    order = inputs.path_of
    return sorted((sorted(pair, key=order.__getitem__) for pair in pairs), key=lambda pair: [order[i] for i in pair])


def check_exact(inputs: Inputs) -> Finding:
    """Judge equal pixels: within and across labels, patients and the roles of the run's own split."""
    sets = exact_sets(inputs.manifest)
    numbers = _spread(inputs, sets)
    if not sets:
        return Finding("exact_repeats", "Exact repeats", "ok", "No two files have equal pixels.", numbers=numbers)
    n_extra = sum(len(ids) - 1 for ids in sets)
    evidence = f"{counted(len(sets), 'picture')} filed more than once ({counted(n_extra, 'extra file')}); " + _across(
        numbers
    )
    panels = [_panel(inputs, "equal pixels", ids) for ids in _telling(inputs, sets)[:_SHOWN]]
    return Finding(
        "exact_repeats",
        "Exact repeats",
        _verdict(inputs, numbers),
        evidence,
        _KEEP_TOGETHER,
        panels,
        len(sets),
        numbers,
    )


def check_near(inputs: Inputs) -> Finding:
    """Judge near repeats: the same field shifted, cropped, turned, mirrored, brightened or recompressed."""
    pairs = near_pairs(inputs)
    numbers = _spread(inputs, pairs)
    if not pairs:
        return Finding("near_repeats", "Near repeats", "ok", "No field was found twice.", numbers=numbers)
    n_images = len({image for pair in pairs for image in pair})
    evidence = (
        f"{counted(len(pairs), 'pair')} of {counted(n_images, 'image')} show the same field again, shifted, cropped, "
        "turned, mirrored, brightened or recompressed; " + _across(numbers)
    )
    found = inputs.near_repeats.set_index(["image_id", "other_id"])
    details = {frozenset(pair): row for pair, row in zip(found.index, found.to_dict("records"), strict=True)}
    panels = []
    for pair in _telling(inputs, pairs)[:_SHOWN]:
        detail = details[frozenset(pair)]
        caption = f"similarity {detail['similarity']:.2f}, overlap {detail['overlap']:.2f}; {detail['transform']}"
        panels.append(_panel(inputs, caption, pair))
    verdict = _verdict(inputs, numbers)
    return Finding("near_repeats", "Near repeats", verdict, evidence, _KEEP_TOGETHER, panels, len(pairs), numbers)


def check_contradictions(inputs: Inputs) -> Finding:
    """Judge equal pixels, and near repeats, under different labels."""
    sets = contradictory_sets(inputs.manifest)
    label = dict(zip(inputs.manifest["image_id"], inputs.manifest["label"], strict=True))
    near = [
        pair for pair in near_pairs(inputs) if "" not in map(label.get, pair) and len(set(map(label.get, pair))) > 1
    ]
    numbers = {"n_sets": len(sets), "n_near_pairs": len(near)}
    title = "Contradictory labels"
    if not sets and not near:
        return Finding("contradictory_labels", title, "ok", "No picture carries two labels.", numbers=numbers)
    parts = [f"{counted(len(sets), 'picture')} with equal pixels"] if sets else []
    parts += [f"{counted(len(near), 'pair')} of near repeats"] if near else []
    panels = [_panel(inputs, "equal pixels, different labels", ids) for ids in sets[:_SHOWN]]
    panels += [_panel(inputs, "overlapping fields, different labels", ids) for ids in near[:_SHOWN]]
    return Finding(
        "contradictory_labels", title, "warning", f"{' and '.join(parts)} under more than one label.",
        "Of equal pixels at least one label is wrong: look it up, or leave all copies out (split.drop: conflict). "
        "Crops that overlap may be centred on two cells and both be right; a network still sees the other cell.",
        panels, len(sets) + len(near), numbers,
    )  # fmt: skip


def _spread(inputs: Inputs, sets: list[list[str]]) -> dict[str, float | int]:
    """Count the sets that go across labels, patients, and the roles train (or val) and test of the run's split."""
    table = inputs.manifest.set_index("image_id")
    across = {"n_sets": len(sets), "n_across_labels": 0, "n_across_patients": 0, "n_across_roles": 0}
    tested = inputs.splits[inputs.splits["role"] == "test"].groupby("image_id")["fold"].agg(set).to_dict()
    used = inputs.splits[inputs.splits["role"].isin(["train", "val"])].groupby("image_id")["fold"].agg(set).to_dict()
    for ids in sets:
        for name, column in (("n_across_labels", "label"), ("n_across_patients", "patient")):
            values = set(table.loc[ids, column]) - {""}
            across[name] += len(values) > 1
        crossing = any(tested.get(a, set()) & used.get(b, set()) for a in ids for b in ids if a != b)
        across["n_across_roles"] += crossing
    return {**across, "has_roles": int(len(inputs.splits) > 0)}


def _across(numbers: dict[str, float | int]) -> str:
    words = f"{numbers['n_across_labels']} across labels, {numbers['n_across_patients']} across patients"
    if not numbers["has_roles"]:
        return words + ". A split by image puts such copies into training and test."
    return words + f"; this run's split has {numbers['n_across_roles']} of them in training and test of one fold."


def _verdict(inputs: Inputs, numbers: dict[str, float | int]) -> Verdict:
    """Copies inflate results where the split is unknown, or lets them cross; else they are only worth knowing of."""
    return "warning" if numbers["has_roles"] and not numbers["n_across_roles"] else "inflates"


def _telling(inputs: Inputs, sets: list[list[str]]) -> list[list[str]]:
    """Return the sets, those that go across labels or patients first."""
    table = inputs.manifest.set_index("image_id")
    weight = [
        -(2 * (table.loc[ids, "label"].nunique() > 1) + (table.loc[ids, "patient"].nunique() > 1)) for ids in sets
    ]
    return [sets[index] for index in np.argsort(weight, kind="stable")]


def _panel(inputs: Inputs, caption: str, ids: list[str], most: int = 6) -> Panel:
    table = inputs.manifest.set_index("image_id")
    notes = [" · ".join(filter(None, map(str, table.loc[image, ["label", "patient"]]))) for image in ids[:most]]
    return Panel(caption, list(zip(ids[:most], notes, strict=True)))
