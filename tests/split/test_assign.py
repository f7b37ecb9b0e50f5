"""Properties and known answers of every split scheme."""

import numpy as np
import pandas as pd
import pytest
from split_toy import cohort, crossing, manifest_of, params, run

from hemapipe.core.errors import HemapipeError
from hemapipe.group.components import build_groups
from hemapipe.split.assign import split


@pytest.mark.parametrize("scheme", ["image", "patient", "group", "contiguous"])
@pytest.mark.parametrize("n_folds", [1, 3])
def test_every_scheme_tests_each_image_once_and_only_image_leaks(scheme, n_folds):
    manifest = cohort()
    table, metrics = run(manifest, scheme=scheme, n_folds=n_folds)
    assert len(table) == n_folds * len(manifest)
    tested = table[table["role"] == "test"]["image_id"]
    assert not tested.duplicated().any()
    if n_folds > 1:
        assert set(tested) == set(manifest["image_id"])
    leaks = [metrics[f"leak_{kind}"] for kind in ("patients", "repeats", "groups")]
    columns = manifest.set_index("image_id")
    if scheme == "image":
        assert leaks[0] > 0.9 * metrics["n_test"] and leaks[2] >= leaks[0] and metrics["n_embargo"] == 0
    else:
        assert leaks == [0, 0, 0]
        assert crossing(table, columns["patient"]) == crossing(table, columns["sha256"]) == 0


@pytest.mark.parametrize("n_folds", [1, 3])
def test_group_split_keeps_class_shares(n_folds):
    manifest = cohort(n_patients=36)
    table, _ = run(manifest, n_folds=n_folds)
    joined = table.merge(manifest, on="image_id")
    overall = manifest["label"].value_counts(normalize=True)
    for (_, role), part in joined.groupby(["fold", "role"]):
        if role != "embargo":
            assert (part["label"].value_counts(normalize=True) - overall).abs().max() < 0.12
    share = (table["role"] == "test").mean()
    assert share == pytest.approx(1 / 3 if n_folds == 3 else 0.2, abs=0.03)


def test_image_holdout_is_exact():
    """The papers' counts: 15 % of C-NMC's training images are 1,600 = 1,091 + 509; 20 % of 12,528 are 2,506."""
    manifest = manifest_of(["all"] * 7272 + ["hem"] * 3389)
    table, metrics = run(manifest, scheme="image", n_folds=1, test_frac=0.15, val_frac=0)
    tested = table[table["role"] == "test"].merge(manifest, on="image_id")
    assert tested["label"].value_counts().to_dict() == {"all": 1091, "hem": 509}
    assert (metrics["n_train"], metrics["n_val"]) == (9061, 0)
    _, metrics = run(manifest_of(["all"] * 8491 + ["hem"] * 4037), scheme="image", n_folds=1, val_frac=0)
    assert metrics["n_test"] == 2506


def test_manifest_order_is_irrelevant_and_seeds_differ():
    manifest = cohort()
    for scheme in ("image", "patient", "group"):
        first, _ = run(manifest, scheme=scheme)
        again, _ = run(manifest.sample(frac=1, random_state=3), scheme=scheme)
        pd.testing.assert_frame_equal(first, again)
        other, _ = run(manifest, scheme=scheme, seed=2)
        assert not first.equals(other)


def test_what_is_dropped_is_counted_once_each():
    manifest = manifest_of(["a", "b"] * 12)
    manifest.loc[0, "status"] = "unreadable"
    manifest.loc[1, "label"] = ""
    manifest.loc[[2, 3], ["sha256", "conflict"]] = ["x", True]
    manifest.loc[4, "status"] = "truncated"
    manifest.loc[[5, 7], "sha256"] = "y"
    manifest.loc[5, "duplicate_of"] = "i0007"  # the original is i0007, whatever the order
    table, metrics = run(manifest, scheme="image", n_folds=2, drop=["duplicate", "conflict", "truncated"])
    expected = {"unlabelled": 1, "dropped_conflict": 2, "dropped_truncated": 1, "dropped_duplicate": 1, "unreadable": 1}
    assert {name: metrics[f"n_{name}"] for name in expected} == expected
    assert metrics["n_eligible"] == 24 - 6 == table["image_id"].nunique()
    assert "i0007" in set(table["image_id"]) and "i0005" not in set(table["image_id"])
    _, kept = run(manifest, scheme="image", n_folds=2, drop=[])
    assert kept["n_eligible"] == 22 and kept["n_without_patient"] == int((manifest["patient"] == "").sum()) - 2


def test_a_copy_stands_in_for_an_original_that_has_no_label():
    manifest = manifest_of(["", "a", "a"] + ["a", "b"] * 6)
    manifest.loc[:2, "sha256"] = "x"
    manifest.loc[1:2, "duplicate_of"] = "i0000"
    table, metrics = run(manifest, scheme="image", n_folds=2, drop=["duplicate"])
    assert metrics["n_dropped_duplicate"] == 1 and "i0001" in set(table["image_id"])


def test_contiguous_blocks_and_embargo():
    manifest = manifest_of(["a"] * 12 + ["b"] * 12)
    table, _ = run(manifest, scheme="contiguous", embargo=1, val_frac=0.25)
    fold = table[table["fold"] == 1].set_index("image_id")["role"]
    letters = {"train": "r", "val": "v", "test": "T", "embargo": "-"}
    assert "".join(fold.map(letters)) == "rrr-TTTT-vv-" * 2
    last = table[table["fold"] == 2].set_index("image_id")["role"]  # validation follows the test block round the end
    assert "".join(last.map(letters)) == "vv-rrrr-TTTT" * 2


def test_contiguous_holdout_is_one_block_per_class():
    manifest = manifest_of(["a"] * 30 + ["b"] * 20)
    manifest["sequence"] = manifest["sequence"].map(lambda number: str(1000 - int(number)))
    table, metrics = run(manifest, scheme="contiguous", n_folds=1, test_frac=0.2, embargo=2)
    assert metrics["n_test"] == 6 + 4
    for _, rows in table.merge(manifest, on="image_id").groupby("label"):
        where = np.flatnonzero(rows["role"] == "test")
        assert where[-1] - where[0] + 1 == len(where)


def test_official_folds_embargo_patients_who_share_pixels():
    manifest = cohort()
    manifest["official"] = "fold_" + (manifest["patient"].str[1:].astype(int) // 4 % 3).astype(str)
    table, metrics = run(manifest, scheme="official", n_folds=3)
    tested = table[table["role"] == "test"].merge(manifest, on="image_id")
    assert (tested["official"] == "fold_" + tested["fold"].astype(str)).all()
    # p03 (fold 0) and p06 (fold 1) share pixels: each leaves training while the other is tested.
    embargoed = table[(table["role"] == "embargo")].merge(manifest, on="image_id").groupby("fold")["patient"].unique()
    assert "p06" in embargoed[0] and "p03" in embargoed[1] and metrics["leak_repeats"] == 0


def test_official_test_set():
    manifest = cohort(12)
    manifest["official"] = np.where(manifest["patient"].isin(["p00", "p01", "p02"]), "test", "train")
    table, _ = run(manifest, scheme="official", n_folds=1)
    tested = table[table["role"] == "test"].merge(manifest, on="image_id")["patient"]
    assert set(tested) == {"p00", "p01", "p02"}


def test_unknown_patients_are_units_of_their_own():
    table, metrics = run(manifest_of(["a", "b"] * 30), scheme="patient", n_folds=5)
    assert metrics["n_test"] == 60 and metrics["n_embargo"] == 0
    assert (table[table["role"] == "test"].groupby("fold").size() == 12).all()


two_patients = manifest_of(["a"] * 10 + ["b"] * 10, ["p", "q"] * 5 + ["r"] * 10)


@pytest.mark.parametrize(
    "manifest, changes, message",
    [
        (two_patients, {"n_folds": 2}, "'b' has only 1 unit"),
        (two_patients, {"n_folds": 1}, "'b' has only 1 unit"),
        (cohort(6), {"n_folds": 3}, "'c0' has only 2 unit"),
        (cohort(6), {"n_folds": 2}, "validation"),
        (manifest_of(["a"] * 9 + ["b"] * 2), {"scheme": "image"}, "'b' has only 2 unit"),
        (manifest_of(["a", "b"] * 9, sequence=""), {"scheme": "contiguous"}, "sequence"),
        (manifest_of(["a", "b"]), {"scheme": "contiguous", "n_folds": 3}, "'a' has 1 images"),
        (manifest_of(["a", "b"] * 9), {"scheme": "official"}, "no folds of its own"),
        (manifest_of(["a", "b"] * 9, official="fold_1"), {"scheme": "official", "n_folds": 1}, "'test'"),
        (manifest_of(["a", "b"] * 9, official="fold_1"), {"scheme": "official", "n_folds": 3}, "fold_1"),
        (manifest_of(["a", "b"] * 9, official=["", "x"] * 9), {"scheme": "official"}, "9 images belong to no"),
        (manifest_of([""] * 9), {}, "no image is eligible"),
    ],
)
def test_impossible_requests_say_why(manifest, changes, message):
    with pytest.raises(HemapipeError, match=message):
        run(manifest, **changes)


def test_groups_without_patients_embargo_all_and_say_so():
    with pytest.raises(HemapipeError, match="are embargoed"):
        run(manifest_of(["a"] * 20 + ["b"] * 20, ["p"] * 20 + ["q"] * 20), by=["repeat"])


def test_missing_groups_are_refused():
    manifest = cohort(6)
    with pytest.raises(HemapipeError, match=r"groups.csv lacks"):
        split(manifest, build_groups(manifest, [])[1:], params(), 1)


def test_the_training_folds_of_cnmc_by_image_give_the_test_set_rai2025_printed():
    """15 % of 10,661 images: 1,600 = 509 healthy + 1,091 ALL, as its matrices hold; without the preliminary test."""
    parts = [("hem", 3389, "fold_0"), ("all", 7272, "fold_1"), ("hem", 648, "test"), ("all", 1219, "test")]
    labels = [label for label, n, _ in parts for _ in range(n)]
    manifest = manifest_of(labels, official=[name for _, n, name in parts for _ in range(n)])
    changes = {"scheme": "image", "n_folds": 1, "test_frac": 0.15, "drop": ["preliminary"]}
    table, metrics = run(manifest, by=("repeat",), **changes)
    tested = table.loc[table["role"] == "test", "image_id"].map(manifest.set_index("image_id")["label"])
    assert tested.value_counts().to_dict() == {"all": 1091, "hem": 509}
    assert metrics["n_dropped_preliminary"] == 1867 and metrics["n_eligible"] == 10661
