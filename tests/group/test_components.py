"""Connected components of patients and repeats."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.core.tables import TIES
from hemapipe.group.components import build_groups
from hemapipe.group.params import GroupParams


def manifest_of(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["image_id", "patient", "sha256"])
    return table.assign(status="ok", person="")


def ties_of(manifest, near=(), session=()) -> pd.DataFrame:
    """The table of ties; `near` and `session` hold (image_id, name)."""
    near, session = dict(near), dict(session)
    images = manifest.loc[manifest["status"] != "unreadable", "image_id"]
    return pd.DataFrame([(image, near.get(image, ""), session.get(image, "")) for image in images], columns=TIES)


CHAIN = manifest_of(
    [("a", "20", "x"), ("b", "21", "x"), ("c", "21", "y"), ("d", "", "y"), ("e", "30", "z"), ("f", "", "w")]
)


@pytest.mark.parametrize(
    "by, expected",
    [
        ([], list("abcdef")),
        (["patient"], ["20", "21", "21", "d", "30", "f"]),
        (["repeat"], ["a", "a", "c", "c", "e", "f"]),
        (["patient", "repeat"], ["20", "20", "20", "20", "30", "f"]),
    ],
)
def test_known_components(by, expected):
    assert list(build_groups(CHAIN, by)["group"]) == expected


def test_unreadable_rows_are_left_out_and_unknown_patients_tie_nothing():
    table = CHAIN.assign(status=["ok", "unreadable", "ok", "truncated", "ok", "ok"], patient="")
    groups = build_groups(table, ["patient", "repeat"])
    assert list(groups["image_id"]) == list("acdef")
    assert list(groups["group"]) == ["a", "c", "c", "e", "f"]


def test_an_image_called_like_a_patient_is_not_that_patient():
    table = manifest_of([("5", "", "x"), ("6", "5", "y")])
    assert build_groups(table, ["patient"])["group"].nunique() == 2


@pytest.mark.parametrize(
    "by, expected",
    [
        (["near"], ["a", "b", "b", "d", "e", "f"]),
        (["session"], ["a", "b", "c", "d", "e", "e"]),
        (["patient", "near", "session"], ["20", "21", "21", "d", "30", "30"]),
        (["patient", "repeat", "near", "session"], ["20", "20", "20", "20", "30", "30"]),
    ],
)
def test_near_repeats_and_sessions_tie_too(by, expected):
    ties = ties_of(CHAIN, near=[("b", "b"), ("c", "b")], session=[("e", "monday"), ("f", "monday")])
    assert list(build_groups(CHAIN, by, ties)["group"]) == expected


def test_two_numbers_of_one_person_are_one_patient():
    table = CHAIN.assign(person=["", "", "", "", "30+31", "30+31"])
    assert list(build_groups(table, ["patient"])["group"]) == ["20", "21", "21", "d", "30", "30"]


def test_ties_that_are_absent_or_incomplete_are_refused():
    assert build_groups(CHAIN, ["patient"], None)["group"].nunique() == 5
    with pytest.raises(HemapipeError, match="find_ties"):
        build_groups(CHAIN, ["near"])
    with pytest.raises(HemapipeError, match=r"ties.csv lacks 2 of 6"):
        build_groups(CHAIN, ["session"], ties_of(CHAIN)[2:])


def test_unknown_tie_is_refused():
    with pytest.raises(HemapipeError, match="campaign"):
        check(GroupParams, {"by": ["campaign"]}, "group")


rows = st.lists(st.tuples(st.sampled_from(["", "p", "q", "r"]), st.sampled_from("uvwxyz")), min_size=1, max_size=25)


@settings(max_examples=30, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_groups_hold_what_is_tied_and_ignore_order(pairs, random):
    table = manifest_of([(f"i{n:02}", *pair) for n, pair in enumerate(pairs)])
    groups = build_groups(table, ["patient", "repeat"])
    joined = table.merge(groups, on="image_id")
    assert (joined.groupby("sha256")["group"].nunique() == 1).all()
    assert (joined[joined["patient"] != ""].groupby("patient")["group"].nunique() == 1).all()
    shuffled = table.sample(frac=1, random_state=random.randrange(1000))
    again = build_groups(shuffled, ["repeat", "patient"]).sort_values("image_id", ignore_index=True)
    pd.testing.assert_frame_equal(groups, again)
