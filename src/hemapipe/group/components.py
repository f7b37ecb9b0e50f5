"""Groups of images that no split may cut: connected components of shared patients, pixels, fields and sessions."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hemapipe.core.errors import HemapipeError

#: The columns behind each kind of tie. Equal values tie images together; '' is unknown and ties nothing.
_COLUMNS = {"patient": ["patient", "person"], "repeat": ["sha256"], "near": ["near_repeat"], "session": ["session"]}


def build_groups(manifest: pd.DataFrame, by: Collection[str], ties: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return `image_id, group` for every decodable manifest row, in its order.

    Kinds of ties in `by`: patient (several numbers of one known person included), repeat (equal pixels), near (near
    repeats) and session, the latter two from `ties`. Two patients who share one exact repeat are one group, and so on
    along every chain. A group is called after its smallest patient if `by` has patients and it has one, else after its
    smallest image_id, so that names do not depend on the order of the manifest.

    Raises:
        HemapipeError: `by` has near or session, and `ties` is not there or lacks images.
    """
    rows = manifest.loc[manifest["status"] != "unreadable"].reset_index(drop=True)
    if {"near", "session"} & set(by):
        if ties is None:
            raise HemapipeError("group.by near and session need the table of ties: `dvc repro find_ties`")
        rows = with_ties(rows, ties)
    columns = [column for kind in sorted(set(by)) for column in _COLUMNS[kind]]
    component = components(rows, columns)
    return pd.DataFrame({"image_id": rows["image_id"], "group": _names(rows, component, "patient" in by)})


def with_ties(rows: pd.DataFrame, ties: pd.DataFrame | None) -> pd.DataFrame:
    """Return `rows` with the columns `near_repeat` and `session` of `ties`; '' where there is no table.

    Raises:
        HemapipeError: `ties` lacks an image of `rows`.
    """
    if ties is None:
        return rows.assign(near_repeat="", session="")
    known = ties.set_index("image_id")
    lost = int((~rows["image_id"].isin(known.index)).sum())
    if lost:
        raise HemapipeError(f"ties.csv lacks {lost} of {len(rows)} decodable images of manifest.csv: `dvc repro`")
    return rows.assign(**{name: rows["image_id"].map(known[name]) for name in ("near_repeat", "session")})


def components(rows: pd.DataFrame, columns: Collection[str]) -> np.ndarray:
    """Return the number of the connected component of each row, joined along equal values ('' aside) of `columns`."""
    n_nodes = len(rows)
    image_ends, value_ends = [], []
    for column in columns:
        known = np.flatnonzero(rows[column] != "")
        codes, values = pd.factorize(rows[column].iloc[known])
        image_ends.append(known)
        value_ends.append(n_nodes + codes)
        n_nodes += len(values)
    ends = [np.concatenate([np.zeros(0, np.int64), *parts]) for parts in (image_ends, value_ends)]
    graph = coo_array((np.ones(len(ends[0]), np.int8), (ends[0], ends[1])), shape=(n_nodes, n_nodes))
    return connected_components(graph, directed=False)[1][: len(rows)]


def _names(rows: pd.DataFrame, component: np.ndarray, after_patients: bool) -> np.ndarray:
    by_image = rows["image_id"].groupby(component).transform("min")
    if not after_patients:
        return by_image.to_numpy()
    patients = rows["patient"].where(rows["patient"] != "")
    by_patient = patients.groupby(component).transform("min")
    taken = set(patients.dropna())  # an image may be called like somebody's patient
    by_image = by_image.where(~by_image.isin(taken), "image:" + by_image)
    return by_patient.where(by_patient.notna(), by_image).to_numpy()
