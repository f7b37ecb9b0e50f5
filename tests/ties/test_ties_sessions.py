"""Change points against brute force, and what must hold of sessions."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import ties_toy
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from hemapipe.ties import changes, sessions
from hemapipe.ties.params import TiesParams


def cost(series, edges, penalty):
    """The criterion, written down as it is defined; `edges` includes 0 and n."""
    noise = np.sqrt((np.diff(series, axis=0) ** 2).mean(axis=0) / 2)
    scaled = series / noise
    spread = sum(((part - part.mean(axis=0)) ** 2).sum() for part in np.split(scaled, edges[1:-1]))
    return spread + (len(edges) - 2) * penalty * (series.shape[1] + 1) * np.log(len(series))


@given(st.integers(2, 11), st.integers(1, 4), st.sampled_from([0.05, 0.3, 1.0]), st.integers(0, 10_000))
@settings(deadline=None, max_examples=80)
def test_segments_minimise_the_criterion(n, least, penalty, seed):
    random = np.random.default_rng(seed)
    series = random.normal(size=(n, 2)) + 3 * np.cumsum(random.random(n) < 0.3)[:, None]
    found = changes.segments(series, penalty, least)
    edges = [0, *(np.flatnonzero(np.diff(found)) + 1), n]
    assert found[0] == 0 and set(np.diff(found)) <= {0, 1}
    assert min(np.diff(edges)) >= min(least, n)
    every = [
        [0, *inner, n]
        for size in range(n)
        for inner in combinations(range(1, n), size)
        if min(np.diff([0, *inner, n])) >= min(least, n)
    ]
    assert cost(series, edges, penalty) == pytest.approx(min(cost(series, e, penalty) for e in every), abs=1e-6)


def test_jumps_are_found_where_they_are():
    random = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, 3], [40, 25, 60, 30])
    series = random.normal(size=(len(truth), 3)) + random.normal(0, 5, (4, 3))[truth]
    assert (changes.segments(series, 1.0, 8) == truth).all()
    assert (changes.segments(random.normal(size=(200, 3)), 1.0, 8) == 0).all()


def test_a_series_that_never_changes_is_one_segment():
    assert (changes.segments(np.ones((30, 4)), 1.0, 8) == 0).all()
    assert changes.segments(np.zeros((0, 4)), 1.0, 8).size == 0


def tables(n, seed, known=0.2):
    """Rows of two labels with sequence numbers that begin anew; some have a patient, some no number."""
    random = np.random.default_rng(seed)
    label = random.choice(["a", "b"], n)
    sequence = np.array([str(number) for number in random.permutation(3 * n)[:n]])
    sequence[random.random(n) < known] = ""
    patient = np.where(random.random(n) < known, "P1", "")
    ids = np.array([f"{number:06d}" for number in random.permutation(n)])
    rows = pd.DataFrame({"image_id": ids, "label": label, "patient": patient, "cohort": "", "sequence": sequence})
    light = 120 + 8 * (pd.to_numeric(rows["sequence"]).fillna(0) // (n / 2)).to_numpy(int)
    packed = np.clip(light[:, None, None, None] + random.normal(0, 6, (n, 16, 16, 3)), 0, 255).astype(np.uint8)
    return rows, packed


@given(st.integers(1, 60), st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_sessions_are_contiguous_in_capture_order_and_do_not_depend_on_the_rows_order(n, seed):
    rows, packed = tables(n, seed)
    params = TiesParams(session_min=3)
    names = sessions.find(rows, packed, params)
    expected = (rows["sequence"] != "") & (rows["patient"] == "")
    assert ((names != "") == expected).all()
    ordered = rows.assign(session=names, number=pd.to_numeric(rows["sequence"]))[expected]
    for _, part in ordered.sort_values("number").groupby("label"):
        runs = part["session"] != part["session"].shift()
        assert runs.sum() == part["session"].nunique()
        assert part["session"].value_counts().min() >= min(3, len(part))
    assert ordered.groupby("session")["label"].nunique().le(1).all()
    order = np.random.default_rng(seed).permutation(n)
    shuffled = sessions.find(rows.iloc[order].reset_index(drop=True), packed[order], params)
    assert (shuffled == names[order]).all()


def test_switched_off_there_are_none():
    rows, packed = tables(20, 0)
    assert (sessions.find(rows, packed, TiesParams(sessions=False)) == "").all()


def test_slides_of_one_class_are_told_apart():
    shots = ties_toy.shots(5, 60, 48, seed=3, class_shares={"early": 1.0})
    rows = pd.DataFrame(
        {
            "image_id": [f"{number:04d}" for number in range(len(shots))],
            "label": "early",
            "patient": "",
            "cohort": "",
            "sequence": [str(number) for number in range(len(shots))],
        }
    )
    found = sessions.find(rows, np.stack([ties_toy.decode(shot.data) for shot in shots]), TiesParams())

    assert adjusted_rand_score([shot.patient for shot in shots], found) > 0.7
