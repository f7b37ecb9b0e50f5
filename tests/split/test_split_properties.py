"""Properties of every scheme on random cohorts: nothing tied is parted, each image is tested once, shares stay near."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from split_toy import crossing, manifest_of, run, ties_of

from hemapipe.core.errors import HemapipeError

BY = ["patient", "repeat", "near", "session"]
HONEST = ["patient", "group", "contiguous", "cohort", "official"]
#: How many different names there are of each kind, from few (all one group) to many (hardly a tie).
KINDS = {"p": (2, 40), "body": (1, 9), "h": (2, 20), "near": (2, 20), "session": (2, 20)}
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@st.composite
def cohorts(draw):
    """A manifest of up to 80 images of 2 classes with every kind of tie, across classes, patients and cohorts."""
    n = draw(st.integers(30, 80))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    n_values = {name: draw(st.integers(least, most)) for name, (least, most) in KINDS.items()}

    def some(letter: str, share: float) -> np.ndarray:
        names = [f"{letter}{number}" for number in random.integers(0, n_values[letter], n)]
        return np.where(random.random(n) < share, names, "")

    site = [f"site {number % 2}" for number in range(n)]
    columns = {"person": some("body", 0.05), "cohort": site, "official": site}
    columns["sha256"] = [name or f"own {number}" for number, name in enumerate(some("h", 0.2))]
    manifest = manifest_of(random.choice(["a", "b"], n), some("p", 0.9)).assign(**columns)
    return manifest, ties_of(manifest, some("near", 0.15), some("session", 0.1))


def attempt(manifest, ties, **changes):
    try:
        return run(manifest, ties=ties, **changes)
    except HemapipeError:
        assume(False)


@settings(max_examples=30, **QUIET)
@given(
    cohorts(),
    st.sampled_from(HONEST),
    st.sets(st.sampled_from(BY)),
    st.integers(1, 4),
    st.sampled_from([0, 2]),
    st.sampled_from([0, 0.2]),
)
def test_no_tie_crosses_roles_whatever_the_cohort(found, scheme, by, n_folds, n_inner, val_frac):
    manifest, ties = found
    n_folds = 2 if scheme in ("cohort", "official") else n_folds
    table, metrics = attempt(
        manifest, ties, by=by, scheme=scheme, n_folds=n_folds, n_inner=n_inner, val_frac=val_frac, embargo=1
    )
    columns = manifest.set_index("image_id")
    for values in (columns["patient"], columns["person"], columns["sha256"], ties.set_index("image_id")["near_repeat"]):
        assert crossing(table, values) == 0
    if "session" in by:
        assert crossing(table, ties.set_index("image_id")["session"]) == 0
    assert [value for name, value in metrics.items() if name.startswith("leak_")] == [0] * 4
    tested = table[table["role"] == "test"]["image_id"]
    assert not tested.duplicated().any()
    assert n_folds == 1 or len(tested) == len(manifest) == metrics["n_eligible"]
    assert len(table) == n_folds * len(manifest)


@settings(max_examples=15, **QUIET)
@given(st.integers(20, 90), st.integers(2, 5), st.integers(0, 9))
def test_the_image_scheme_tests_each_image_once_too(n, n_folds, seed):
    manifest = manifest_of("ab" * n)
    table, _ = run(manifest, scheme="image", n_folds=n_folds, seed=seed, n_inner=2)
    tested = table[table["role"] == "test"]["image_id"]
    assert sorted(tested) == sorted(manifest["image_id"])


@settings(max_examples=15, **QUIET)
@given(
    cohorts(),
    st.sampled_from([*HONEST, "image"]),
    st.sampled_from([["patient"], ["repeat", "near"], BY]),
    st.sampled_from([2, 3]),
    st.integers(0, 9),
)
def test_inner_folds_keep_ties_whole_and_hold_no_test_row(found, scheme, by, n_inner, seed):
    manifest, ties = found
    table, _ = attempt(manifest, ties, by=by, scheme=scheme, n_folds=2, n_inner=n_inner, seed=seed)
    live = table["role"].isin(["train", "val"])
    assert (table.loc[live, "inner"] >= 0).all() and (table.loc[~live, "inner"] == -1).all()
    joined = table[live].merge(manifest, on="image_id").merge(ties, on="image_id")
    for _, rows in joined.groupby("fold"):
        assert sorted(set(rows["inner"])) == list(range(n_inner))
        assert (rows.groupby("inner")["label"].nunique() == 2).all()
        whole = ["patient", "person", "sha256", "near_repeat", *(["session"] if "session" in by else [])]
        for column in whole if scheme != "image" else []:
            known = rows[rows[column] != ""]
            assert (known.groupby(column)["inner"].nunique() <= 1).all()


@settings(max_examples=4, **QUIET)
@given(st.integers(0, 10_000), st.sampled_from(["group", "patient", "contiguous"]), st.integers(2, 5))
def test_class_shares_stay_near_where_units_are_many(seed, scheme, n_folds):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 9, 120)
    labels = np.repeat(random.choice(["a", "b", "c"], 120, p=[0.5, 0.3, 0.2]), sizes)
    manifest = manifest_of(labels, np.repeat([f"p{number}" for number in range(120)], sizes))
    table, _ = run(manifest, scheme=scheme, n_folds=n_folds, seed=seed, n_inner=3, val_frac=0.2)
    overall = manifest["label"].value_counts(normalize=True)
    joined = table[table["role"] != "embargo"].merge(manifest, on="image_id")
    parts = [*joined.groupby(["fold", "role"]), *joined[joined["inner"] >= 0].groupby(["fold", "inner"])]
    for _, rows in parts:  # a dozen units, as validation may be, cannot be dealt as evenly as a hundred
        near = 0.1 if rows["patient"].nunique() > 30 else 0.2
        assert (rows["label"].value_counts(normalize=True) - overall).abs().max() < near
    share = joined[joined["role"] == "test"].groupby("fold").size() / len(manifest)
    assert share.to_numpy() == pytest.approx(1 / n_folds, abs=0.05)
