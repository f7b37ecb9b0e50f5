"""Pictures that are there more than once: equal pixels, contradictory labels, and the same field again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.audit.findings import Finding, Panel, Verdict, part
from hemapipe.audit.inputs import Inputs
from hemapipe.core.text import counted

_SHOWN = 12
_EXACT = (
    "Split by group (group.by with repeat and near) and drop the copies (split.drop: duplicate); "
    "never split such a collection by image."
)
_NEAR = (
    "Split by group (group.by with repeat and near), which keeps them on one side; never split such a collection by "
    "image. split.drop: duplicate leaves them all in, as their pixels differ."
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
    evidence = f"{counted(len(sets), 'picture')} filed more than once ({counted(n_extra, 'extra file')}); "
    evidence += _across(inputs, sets, numbers)
    panels = [_panel(inputs, "equal pixels", ids) for ids in _telling(inputs, sets)[:_SHOWN]]
    return Finding(
        "exact_repeats",
        "Exact repeats",
        _verdict(inputs, numbers),
        evidence,
        _EXACT,
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
        f"{counted(len(pairs), 'pair')} of {counted(n_images, 'image')}: one field filed again, shifted, cropped, "
        "turned, mirrored, brightened or recompressed; " + _across(inputs, pairs, numbers)
    )
    found = inputs.near_repeats.set_index(["image_id", "other_id"])
    details = {frozenset(pair): row for pair, row in zip(found.index, found.to_dict("records"), strict=True)}
    panels = []
    for pair in _telling(inputs, pairs)[:_SHOWN]:
        detail = details[frozenset(pair)]
        caption = f"similarity {detail['similarity']:.2f}, overlap {detail['overlap']:.2f}; {detail['transform']}"
        panels.append(_panel(inputs, caption, pair))
    verdict = _verdict(inputs, numbers)
    return Finding("near_repeats", "Near repeats", verdict, evidence, _NEAR, panels, len(pairs), numbers)


def check_contradictions(inputs: Inputs) -> Finding:
    """Judge equal pixels, and near repeats, under different labels."""
    sets = contradictory_sets(inputs.manifest)
    label = inputs.label_of
    near = [
        pair for pair in near_pairs(inputs) if "" not in map(label.get, pair) and len(set(map(label.get, pair))) > 1
    ]
    numbers = {"n_sets": len(sets), "n_near_pairs": len(near)}
    title = "Contradictory labels"
    if not sets and not near:
        evidence = "No picture carries two labels." if any(label.values()) else "No label is known."
        return Finding("contradictory_labels", title, "ok", evidence, numbers=numbers)
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
    across = {
        "n_sets": len(sets),
        "n_across_labels": sum(n > 1 for n in _n_values(sets, inputs.label_of)),
        "n_across_patients": sum(n > 1 for n in _n_values(sets, inputs.patient_of)),
        "n_across_roles": 0,
    }
    if len(inputs.splits):
        tested, used = (_folds_in(inputs.splits, roles) for roles in (["test"], ["train", "val"]))
        none: set[int] = set()
        for ids in sets:  # an image has one role in a fold, so two that meet are two images
            both = (set().union(*(folds.get(image, none) for image in ids)) for folds in (tested, used))
            across["n_across_roles"] += bool(set.intersection(*both))
    return {**across, "has_roles": int(len(inputs.splits) > 0)}


def _folds_in(splits: pd.DataFrame, roles: list[str]) -> dict[str, set[int]]:
    """Return image_id → the folds in which it has one of `roles`."""
    folds = splits[splits["role"].isin(roles)].groupby("image_id")["fold"].agg(set)
    return {str(image): found for image, found in folds.items()}


def _n_values(sets: list[list[str]], value: dict[str, str]) -> list[int]:
    """Count the known values in each set."""
    return [len({value[image] for image in ids} - {""}) for ids in sets]


def _across(inputs: Inputs, sets: list[list[str]], numbers: dict[str, float | int]) -> str:
    labels = f"{numbers['n_across_labels']} across labels" if any(inputs.label_of.values()) else "labels unknown"
    unknown = sum(any(inputs.patient_of[image] == "" for image in ids) for ids in sets)
    patients = "patients unknown"
    if unknown < len(sets):
        patients = f"{numbers['n_across_patients']} across patients"
        patients += f" ({unknown} with images of unknown ones)" if unknown else ""
    words = f"{labels}, {patients}"
    if not numbers["has_roles"]:
        return words + ". A split by image puts such copies into training and test."
    return words + f"; this run's split has {numbers['n_across_roles']} of them in training and test of one fold."


def _verdict(inputs: Inputs, numbers: dict[str, float | int]) -> Verdict:
    """Copies inflate results where the split is unknown, or lets them cross; else they are only worth knowing of."""
    return "warning" if numbers["has_roles"] and not numbers["n_across_roles"] else "inflates"


def _telling(inputs: Inputs, sets: list[list[str]]) -> list[list[str]]:
    """Return the sets, those that go across labels or patients first."""
    labels, patients = (_n_values(sets, value) for value in (inputs.label_of, inputs.patient_of))
    weight = [-(2 * (n > 1) + (m > 1)) for n, m in zip(labels, patients, strict=True)]
    return [sets[index] for index in np.argsort(weight, kind="stable")]


def _panel(inputs: Inputs, caption: str, ids: list[str], most: int = 6) -> Panel:
    """Show a set: one image of each label first, then one of each patient, then the others, in order of path."""
    table = inputs.manifest.set_index("image_id").loc[ids, ["label", "patient"]]
    table = table.assign(again=table["label"].duplicated(), same=table["patient"].duplicated(), place=range(len(ids)))
    shown = table.sort_values(["again", "same", "place"])[:most].sort_values("place")
    notes = [" · ".join(filter(None, pair)) for pair in zip(shown["label"], shown["patient"], strict=True)]
    return Panel(caption + part(len(shown), len(ids)), list(zip(map(str, shown.index), notes, strict=True)))
