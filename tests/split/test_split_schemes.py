"""Known answers of cohorts, near repeats, persons, inner folds and the honest stand-in for a split by image."""

import numpy as np
import pandas as pd
import pytest
from split_toy import cohort, crossing, manifest_of, params, run, ties_of

from hemapipe.core.errors import HemapipeError
from hemapipe.split.honest import honest_params


def test_each_cohort_is_tested_once_and_what_it_shares_is_embargoed():
    manifest = cohort()
    patient = manifest["patient"].str[1:].astype(int)
    manifest["cohort"] = np.array(["oslo", "munich", "kyoto"])[patient // 3 % 3]
    table, metrics = run(manifest, scheme="cohort", n_folds=3, n_inner=2)
    tested = table[table["role"] == "test"].merge(manifest, on="image_id")
    assert tested.groupby("fold")["cohort"].unique().map(list).tolist() == [["kyoto"], ["munich"], ["oslo"]]
    # p03 (munich) and p06 (kyoto) share pixels: each leaves training while the other is tested.
    embargoed = table[table["role"] == "embargo"].merge(manifest, on="image_id").groupby("fold")["patient"].unique()
    assert "p03" in embargoed[0] and "p06" in embargoed[1]
    assert metrics["n_test"] == len(manifest) and metrics["leak_repeats"] == 0


def test_near_repeats_leak_by_image_are_counted_and_never_cross_elsewhere():
    manifest = cohort()
    near = np.where(np.arange(len(manifest)) % 4 == 0, [f"n{number % 12}" for number in range(len(manifest))], "")
    ties = ties_of(manifest, near_repeat=near)
    table, metrics = run(manifest, scheme="image", ties=ties)
    live = table[table["role"] != "embargo"].merge(ties, on="image_id")
    seen = live[live["role"] != "test"].groupby("fold")["near_repeat"].unique()
    tested = live[(live["role"] == "test") & (live["near_repeat"] != "")]
    expected = sum(row.near_repeat in seen[row.fold] for row in tested.itertuples())
    assert metrics["leak_near_repeats"] == expected > 20
    # Few ties, so that there is something left to train on: every second image of two patients.
    ties = ties_of(manifest, near_repeat=np.where(manifest["patient"].isin(["p01", "p02"]), "n", ""))
    for scheme in ("patient", "group"):
        table, metrics = run(manifest, scheme=scheme, ties=ties)
        assert metrics["leak_near_repeats"] == 0
        assert crossing(table, ties.set_index("image_id")["near_repeat"]) == 0


def test_two_numbers_of_one_person_are_never_parted():
    manifest = cohort()
    manifest["person"] = np.where(manifest["patient"].isin(["p00", "p09", "p15"]), "p00+p09+p15", "")
    for scheme in ("patient", "group"):
        table, metrics = run(manifest, scheme=scheme, by=["patient"])
        assert crossing(table, manifest.set_index("image_id")["person"]) == 0 == metrics["leak_patients"]
    _, by_image = run(manifest, scheme="image")
    assert by_image["leak_patients"] > 0


def test_inner_folds_of_capture_order_are_blocks_on_both_sides_of_the_test_block():
    manifest = manifest_of(["a"] * 12 + ["b"] * 12)
    ties = ties_of(manifest, near_repeat=["n" if number in (1, 2) else "" for number in range(24)])
    table, _ = run(manifest, scheme="contiguous", embargo=1, n_inner=2, val_frac=0.25, ties=ties)
    fold = table[table["fold"] == 1].set_index("image_id")
    inner = "".join(fold["inner"].map({0: "0", 1: "1", -1: "-"}))
    assert (fold["role"] == "test").sum() == 8
    # Five images of each class are left, three before the block and two behind; one is left out beside validation.
    assert inner == "000------11-" * 2
    with_tie_across = manifest_of(["a"] * 12 + ["b"] * 12)
    tied = ties_of(with_tie_across, near_repeat=["n" if number in (2, 9) else "" for number in range(24)])
    table, _ = run(with_tie_across, scheme="contiguous", embargo=1, n_inner=2, val_frac=0, ties=tied)
    fold = table[table["fold"] == 1].set_index("image_id")
    assert "".join(fold["inner"].map({0: "0", 1: "1", -1: "-"})) == "000------011" + "000------111"


def test_without_inner_folds_there_is_minus_one():
    assert set(run(cohort())[0]["inner"]) == {-1}


def test_one_inner_fold_is_refused():
    with pytest.raises(HemapipeError, match="at least two"):
        params(n_inner=1)


sites = manifest_of(["a", "b"] * 12, cohort=["x"] * 12 + ["y"] * 12)
one_unit = manifest_of(["a"] * 20 + ["b"] * 20, ["p", "q", "r", "s"] * 5 + ["t", "u", "v", "w"] * 5)


@pytest.mark.parametrize(
    "manifest, changes, message",
    [
        (manifest_of(["a", "b"] * 9), {"scheme": "cohort"}, "none is known"),
        (manifest_of(["a", "b"] * 9, cohort="x"), {"scheme": "cohort"}, "only 'x' is known"),
        (
            manifest_of(["a", "b"] * 9, cohort=["x", "y", ""] * 6),
            {"scheme": "cohort"},
            "6 eligible images belong to no",
        ),
        (sites, {"scheme": "cohort", "n_folds": 3}, "set split.n_folds to 2"),
        (manifest_of(["a"] * 9 + ["b"] * 9, cohort=["x"] * 9 + ["y"] * 9), {"scheme": "cohort", "n_folds": 2}, "train"),
        (one_unit, {"n_folds": 2, "val_frac": 0, "n_inner": 3}, r"'a' has only 2 unit.*3 inner folds of fold 0"),
        (one_unit, {"n_folds": 5}, "'a' has only 4 unit.*5 folds: lower split.n_folds"),
        (
            manifest_of("ab" * 6),
            {"scheme": "contiguous", "n_folds": 2, "val_frac": 0, "n_inner": 4},
            "too few unrelated",
        ),
    ],
)
def test_impossible_requests_say_why(manifest, changes, message):
    with pytest.raises(HemapipeError, match=message):
        run(manifest, **changes)


def by_image(manifest: pd.DataFrame, **changes):
    return honest_params(manifest, params(**{"scheme": "image", **changes}))


def test_the_honest_split_is_the_one_asked_for_unless_that_is_by_image():
    for scheme in ("patient", "group", "contiguous", "cohort", "official"):
        asked = params(scheme=scheme)
        assert honest_params(cohort(), asked) == asked


def test_by_patient_where_there_are_any_and_in_capture_order_where_there_are_none():
    without = manifest_of(["a"] * 600 + ["b"] * 500)
    assert by_image(cohort()).scheme == "group"
    assert by_image(without) == params(scheme="contiguous", embargo=37)
    assert by_image(without, embargo=5).embargo == 5
    assert by_image(manifest_of(["a"] * 90 + ["b"] * 60)).embargo == 6  # a tenth of the smallest class at most
    assert by_image(without.assign(sequence="")) == params(scheme="group")
    # What takes no part does not decide.
    stray = without.assign(sequence=["", *without["sequence"][1:]], label=["", *without["label"][1:]])
    assert by_image(stray).scheme == "contiguous"


def test_the_honest_split_can_be_made():
    manifest = manifest_of(["a"] * 200 + ["b"] * 150)
    honest = by_image(manifest)
    _, metrics = run(manifest, **honest.model_dump())
    beside_test, beside_validation = 4 * 15, 3 * 15  # of each class, over three folds
    assert metrics["n_embargo"] == 2 * (beside_test + beside_validation) and metrics["n_test"] == 350
