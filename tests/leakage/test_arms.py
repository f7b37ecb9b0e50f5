"""Both arms are splits of the same images, equal in size and as often tested; only one of them leaks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leakage_toy import CLASSES, job, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import GROUPS, MANIFEST, TIES, read_table
from hemapipe.leakage import arms
from hemapipe.leakage.calls import whole


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Manifest, groups, ties of 16 patients with 10 images each."""
    data = write_inputs(tmp_path_factory.mktemp("toy"), signature=True)
    return tuple(
        read_table(data / f"{name}.csv", columns)
        for name, columns in (("manifest", MANIFEST), ("groups", GROUPS), ("ties", TIES))
    )


def draw(tables, scheme="group", n_folds=2, seed=7):
    return arms.draw(*tables, whole(job(scheme, n_folds)), seed)


@pytest.mark.parametrize("scheme", ["image", "patient", "group", "contiguous", "official", "cohort"])
def test_every_fold_and_class_has_as_many_images_in_both_arms(tables, scheme):
    both = draw(tables, scheme, n_folds=4)
    labels = tables[0].set_index("image_id")["label"]
    sizes = [
        table.assign(label=table["image_id"].map(labels)).value_counts(["fold", "role", "label"]).sort_index()
        for table in both.tables.values()
    ]
    pd.testing.assert_series_equal(*sizes)
    for table in both.tables.values():
        tested = table.loc[table["role"] == "test", "image_id"]
        assert sorted(tested) == sorted(labels.index)
        assert not table.duplicated(["fold", "image_id"]).any()
    assert both.scheme == {"image": "group", "official": "group", "cohort": "group"}.get(scheme, scheme)


def test_only_the_arm_by_image_leaks(tables):
    both = draw(tables, n_folds=4)
    patients = tables[0].set_index("image_id")["patient"]
    shared = {}
    for arm, table in both.tables.items():
        table = table.assign(patient=table["image_id"].map(patients))
        shared[arm] = sum(
            part.loc[part["role"] == "test", "patient"].isin(part.loc[part["role"] == "train", "patient"]).sum()
            for _, part in table.groupby("fold")
        )
    assert shared["honest"] == 0
    assert shared["image"] == both.siblings > 150


def test_seeds_change_the_arms_and_the_order_of_the_manifest_does_not(tables):
    manifest, groups, ties = tables
    first, again = draw(tables), draw((manifest.iloc[::-1], groups, ties))
    for arm in arms.ARMS:
        pd.testing.assert_frame_equal(first.tables[arm], again.tables[arm])
    assert not first.tables["image"].equals(draw(tables, seed=8).tables["image"])


def test_samples_hide_the_labels_of_test_images(tables):
    samples = arms.samples_of(draw(tables), tables[0])
    assert set(samples["arm"]) == set(arms.ARMS)
    assert (samples.loc[samples["role"] == "test", "target"] == -1).all()
    assert (samples.loc[samples["role"] == "train", "target"] >= 0).all()


def test_fewer_folds_where_a_class_has_few_patients(tables):
    manifest, groups, ties = tables
    few = manifest[manifest["patient"].isin(["P00", "P02", "P04", "P01", "P03", "P05"])]
    both = draw((few, groups, ties), n_folds=5)
    assert both.n_folds == 3 and both.tables["image"]["fold"].nunique() == 3


def test_no_honest_split_is_a_reason_and_not_an_error(tables):
    manifest, groups, ties = tables
    alone = manifest[manifest["patient"].isin(["P00", "P01", "P03"])]
    both = draw((alone, groups, ties))
    assert both.tables == {} and "'benign' has only 1 unit" in both.reason


def test_tables_that_do_not_fit_are_an_error(tables):
    manifest, groups, ties = tables
    with pytest.raises(HemapipeError, match="dvc repro group"):
        draw((manifest, groups.iloc[1:], ties))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_changing_places_keeps_all_counts(data):
    n, n_folds = data.draw(st.integers(2, 30)), data.draw(st.integers(1, 4))
    images = [f"i{i}" for i in range(n)]
    labels = pd.Series(data.draw(st.lists(st.sampled_from(CLASSES), min_size=n, max_size=n)), index=images)
    roles = st.sampled_from(["train", "test", "embargo"])
    table = pd.DataFrame(
        {"image_id": images * n_folds, "fold": np.repeat(range(n_folds), n),
         "role": data.draw(st.lists(roles, min_size=n * n_folds, max_size=n * n_folds))}
    )  # fmt: skip
    moved = arms.change_places(table, labels, seed=data.draw(st.integers(0, 99)))
    before, after = (
        t.assign(label=t["image_id"].map(labels)).value_counts(["fold", "role", "label"]).sort_index()
        for t in (table, moved)
    )
    pd.testing.assert_series_equal(before, after)
    histories = [sorted(t.sort_values("fold").groupby("image_id")["role"].agg(tuple)) for t in (table, moved)]
    assert histories[0] == histories[1]  # whole lives change places, not single roles
