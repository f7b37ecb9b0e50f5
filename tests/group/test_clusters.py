"""Groups, and what joins them."""

import pandas as pd
import pytest

from hemapipe.group.clusters import clusters

NAMES = list("abcde")


def manifest_of(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"image_id": NAMES, "patient": "", "person": "", "sha256": NAMES, **columns})


def ties_of(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"image_id": NAMES, "near_repeat": "", "session": "", **columns})


def test_groups_that_share_a_session_are_one_cluster():
    groups = pd.DataFrame({"image_id": NAMES, "group": ["g1", "g2", "g3", "g3", "g4"]})
    ties = ties_of(session=["s1", "s1", "s2", "", ""]).sample(frac=1, random_state=0)
    assert clusters(manifest_of(), groups, ties)["group"].tolist() == ["g1", "g1", "g3", "g3", "g4"]
    bridged = ties_of(session=["s1", "", "", "s1", ""])  # d, of group g3, lies in the session of a
    assert clusters(manifest_of(), groups, bridged)["group"].tolist() == ["g1", "g2", "g1", "g1", "g4"]


@pytest.mark.parametrize("column", ["patient", "person", "sha256", "near_repeat"])
def test_what_the_split_may_cut_still_joins(column):
    groups = pd.DataFrame({"image_id": NAMES, "group": NAMES})
    tied = {column: ["", "x", "", "x", ""]}
    manifest, ties = (manifest_of(), ties_of(**tied)) if column == "near_repeat" else (manifest_of(**tied), ties_of())
    assert clusters(manifest, groups, ties)["group"].tolist() == ["a", "b", "c", "b", "e"]


def test_without_other_ties_groups_stay():
    groups = pd.DataFrame({"image_id": NAMES, "group": ["p2", "p1", "p2", "p1", "p3"]})
    manifest = manifest_of(patient=groups["group"].tolist())
    pd.testing.assert_frame_equal(clusters(manifest, groups, ties_of()), groups)
