"""What the catalog says about a data set in numbers, and when it refuses to go on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hemapipe.catalog.files import Listing
from hemapipe.core.errors import HemapipeError


def require_images(listing: Listing, raw: Path) -> None:
    """Raise a HemapipeError if there is no image at all."""
    if not listing.images:
        shown = f": {_some(by_folder(listing.ignored))}" if listing.ignored else ""
        raise HemapipeError(f"no image in the archive ({len(listing.ignored)} other files{shown}); checked {raw}")


def summarise(
    manifest: pd.DataFrame,
    listing: Listing,
    expected: dict[str, int] | None,
    strict: bool,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the flat metrics of a manifest, with every warning (the source's own first) in words, also printed.

    Raises:
        HemapipeError: fewer than two classes, a class without a readable image, or with `strict` any count
            other than the published one.
    """
    require_classes(manifest, expected)
    mismatches = count_mismatches(manifest, expected)
    if strict and mismatches:
        raise HemapipeError("counts differ from the published ones (catalog.strict): " + "; ".join(mismatches))
    split_patients = patients_in_two_classes(manifest)
    warnings = [*warnings, *mismatches]
    if split_patients:
        warnings.append(f"patients in two classes: {_some(split_patients)}")
    for warning in warnings:
        print(f"catalog: warning: {warning}", file=sys.stderr)
    return {
        **class_counts(manifest),
        **fault_counts(manifest),
        "n_ignored": len(listing.ignored),
        "ignored": _some(by_folder(listing.ignored)),
        "n_patients_in_two_classes": len(split_patients),
        "count_mismatches": len(mismatches),
        "warnings": "; ".join(warnings),
    }


def class_counts(manifest: pd.DataFrame) -> dict[str, int]:
    """Return `n_<class>` for every class, whatever its files' status (`n_class_<class>` if a metric has that name)."""
    taken = {*fault_counts(manifest), "n_ignored", "n_patients_in_two_classes"}
    counts = manifest.loc[manifest["label"] != "", "label"].value_counts()
    return {
        (f"n_class_{label}" if f"n_{label}" in taken else f"n_{label}"): int(count)
        for label, count in sorted(counts.items())
    }


def fault_counts(manifest: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of files by status and fault, of classes and of patients."""
    return {
        "n_files": len(manifest),
        **{f"n_{status}": int((manifest["status"] == status).sum()) for status in ("ok", "truncated", "unreadable")},
        "n_unlabelled": int((manifest["label"] == "").sum()),
        "n_duplicates": int((manifest["duplicate_of"] != "").sum()),
        "n_conflicts": int(manifest["conflict"].sum()),
        "n_classes": len(set(manifest["label"]) - {""}),
        "n_patients": len(set(manifest["patient"]) - {""}),
    }


def patients_in_two_classes(manifest: pd.DataFrame) -> list[str]:
    """Return the patients who have images in more than one class: possible, but worth a look."""
    known = manifest[(manifest["patient"] != "") & (manifest["label"] != "")]
    n_labels = known.groupby("patient")["label"].nunique()
    return sorted(n_labels.index[n_labels > 1])


def count_mismatches(manifest: pd.DataFrame, expected: dict[str, int] | None) -> list[str]:
    """Say in words which classes have another number of images than published."""
    counts = manifest["label"].value_counts()
    return [
        f"{label}: {counts.get(label, 0)} images, published {count}"
        for label, count in sorted((expected or {}).items())
        if counts.get(label, 0) != count
    ]


def require_classes(manifest: pd.DataFrame, expected: dict[str, int] | None) -> None:
    """Raise a HemapipeError unless there are two well-named classes and each has an image that can be read."""
    labels = set(manifest["label"]) - {""}
    unusable = sorted(label for label in labels if label != label.strip() or set(label) & set(',"\n\r'))
    if unusable:
        raise HemapipeError(f"class names become column names: no comma, quote or outer space, please: {unusable}")
    readable = set(manifest.loc[manifest["status"] != "unreadable", "label"])
    empty = sorted((labels | set(expected or {})) - readable)
    if empty:
        reasons = sorted(set(manifest.loc[manifest["label"].isin(empty), "note"]) - {""})
        why = f" ({_some(reasons)})" if reasons else ""
        raise HemapipeError(f"class without readable images: {', '.join(empty)}{why}")
    if len(labels) < 2:
        found = f"one class only ({', '.join(labels)})" if labels else "no labels"
        example = manifest["path"].iloc[0]
        raise HemapipeError(f"{found}: nothing to tell apart; check the source and its pattern (a path: {example!r})")


def by_folder(names: list[str], most: int = 10) -> list[str]:
    """Return the names, or, where there are more than `most`, their folders with the number of files in each."""
    if len(names) <= most:
        return names
    folders = Counter(name.rpartition("/")[0] for name in names)
    return [f"{folder or '.'}/ ({count} files)" for folder, count in sorted(folders.items())]


def _some(names: list[str], most: int = 10) -> str:
    """List some names and say how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
