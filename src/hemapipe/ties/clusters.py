"""Clusters of near repeats: what is tied to what, along every chain."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def names(rows: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Return the cluster of each row: its smallest image_id, '' for rows that no pair ties to another image.

    Images with equal pixels belong to the clusters of one another; without a near repeat they form none.

    Args:
        rows: `image_id`, `sha256` of the decodable images, in packed order.
        pairs: `index_a`, `index_b`, rows tied to each other (see `near.find`).
    """
    n = len(rows)
    pixels, distinct = pd.factorize(rows["sha256"])
    ends = [np.concatenate([pairs["index_a"], np.arange(n)]), np.concatenate([pairs["index_b"], n + pixels])]
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n + len(distinct),) * 2)
    component = connected_components(graph, directed=False)[1][:n]
    tied = np.isin(component, component[pairs["index_a"].to_numpy(int)])
    smallest = rows["image_id"].groupby(component).transform("min").to_numpy()
    return np.where(tied, smallest, "")
