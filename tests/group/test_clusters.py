"""Groups and the sessions that join them."""

import pandas as pd

from hemapipe.group.clusters import clusters


def test_groups_that_share_a_session_are_one_cluster():
    groups = pd.DataFrame({"image_id": list("abcde"), "group": ["g1", "g2", "g3", "g3", "g4"]})
    ties = pd.DataFrame({"image_id": list("dcabe"), "near_repeat": "", "session": ["", "s2", "s1", "s1", ""]})
    assert clusters(groups, ties)["group"].tolist() == ["g1", "g1", "g3", "g3", "g4"]
    bridged = ties.assign(session=["s1", "", "s1", "", ""])  # d, of group g3, lies in the session of a
    assert clusters(groups, bridged)["group"].tolist() == ["g1", "g2", "g1", "g1", "g4"]


def test_without_sessions_groups_stay():
    groups = pd.DataFrame({"image_id": list("abc"), "group": ["p2", "p1", "p2"]})
    ties = pd.DataFrame({"image_id": list("abc"), "near_repeat": ["a", "a", ""], "session": ""})
    pd.testing.assert_frame_equal(clusters(groups, ties), groups)
