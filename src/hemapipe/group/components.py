"""Groups of images that no split may cut: connected components of shared patients and shared pixels."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: The manifest column behind each kind of tie. Equal values tie images together; '' is unknown and ties nothing.
_COLUMNS = {"patient": "patient", "repeat": "sha256"}


def build_groups(manifest: pd.DataFrame, by: Collection[str]) -> pd.DataFrame:
    """Return `image_id, group` for every decodable manifest row, in its order.

    Two patients who share one exact repeat are one group, and so on along every chain. A group is called after its
    smallest patient if `by` has patients and it has one, else after its smallest image_id, so that names do not
    depend on the order of the manifest.
    """
    rows = manifest.loc[manifest["status"] != "unreadable"].reset_index(drop=True)
    component = _components(rows, [_COLUMNS[kind] for kind in sorted(set(by))])
    return pd.DataFrame({"image_id": rows["image_id"], "group": _names(rows, component, "patient" in by)})


def _components(rows: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return the number of the connected component of each row, joined along equal values of `columns`."""
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
