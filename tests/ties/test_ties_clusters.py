"""Clusters, their names, the tables and the counts."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hemapipe.core.tables import NEAR_REPEATS, TIES
from hemapipe.ties import clusters, summary


def frame(sha, pairs):
    ids = [f"i{number:02d}" for number in range(len(sha))]
    rows = pd.DataFrame({"image_id": ids, "sha256": list(sha), "label": "x", "patient": ""})
    ends = np.array(pairs, int).reshape(-1, 2)
    return rows, pd.DataFrame({"index_a": ends[:, 0], "index_b": ends[:, 1]})


def test_chains_are_one_cluster_and_equal_pixels_join_it():
    rows, pairs = frame("abcdbff", [(1, 2), (2, 3)])
    assert clusters.names(rows, pairs).tolist() == ["", "i01", "i01", "i01", "i01", "", ""]


def test_equal_pixels_alone_are_no_near_repeat():
    rows, pairs = frame("aabb", [])
    assert clusters.names(rows, pairs).tolist() == [""] * 4
    assert clusters.names(*frame("", [])).tolist() == []


@given(st.integers(2, 12), st.data())
def test_two_images_share_a_name_exactly_if_a_path_joins_them(n, data):
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] < pair[1])
    pairs = data.draw(st.lists(ends, max_size=8))
    names = clusters.names(*frame([str(number) for number in range(n)], pairs))
    reached = np.eye(n, dtype=int)
    for a, b in pairs:
        reached[a, b] = reached[b, a] = 1
    reached = np.linalg.matrix_power(reached, n) > 0
    for a in range(n):
        expected = f"i{np.flatnonzero(reached[a])[0]:02d}" if reached[a].sum() > 1 else ""
        assert names[a] == expected


def test_tables_and_counts():
    rows, pairs = frame("abcde", [(0, 1), (1, 2), (3, 4)])
    rows["label"], rows["patient"] = ["x", "y", "y", "x", ""], ["p", "q", "", "r", "r"]
    pairs = pairs.assign(similarity=0.9, overlap=1.0, transform="mirror")
    evidence = summary.near_repeats(rows, pairs)
    assert list(evidence) == NEAR_REPEATS
    assert evidence[["image_id", "other_id"]].to_numpy().tolist() == [["i00", "i01"], ["i01", "i02"], ["i03", "i04"]]
    table = summary.ties(rows, clusters.names(rows, pairs), np.array(["s", "s", "", "t", ""]))
    assert list(table) == TIES
    assert summary.metrics(rows, pairs, table) == {
        "n_near_repeats": 3,
        "n_across_labels": 1,
        "n_across_patients": 1,
        "n_clusters": 2,
        "n_images_tied": 5,
        "n_sessions": 2,
        "n_images_with_session": 3,
    }
