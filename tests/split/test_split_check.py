"""The check of somebody else's split file: every fault is found, named and counted."""

import pandas as pd
import pytest
from split_toy import cohort, manifest_of, run, ties_of

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import MANIFEST, write_table
from hemapipe.group.components import build_groups
from hemapipe.split.check import check, check_file
from hemapipe.split.published import match, read_split
from hemapipe.split.words import render


def with_paths(manifest: pd.DataFrame) -> pd.DataFrame:
    return manifest.assign(path="raw/" + manifest["label"] + "/" + manifest["image_id"] + ".png")


def inspect(table, manifest, ties=None, by=("patient", "repeat", "near", "session")):
    ties = ties_of(manifest) if ties is None else ties
    return check(table, manifest, build_groups(manifest, by, ties), ties)


def hand_made(roles="rrrrvvTT") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Eight images of eight patients, and a split of them."""
    manifest = with_paths(manifest_of("abababab", [f"p{number}" for number in range(8)]))
    names = {"r": "train", "v": "val", "T": "test", "-": "embargo"}
    return manifest, pd.DataFrame({"image_id": manifest["image_id"], "role": [names[letter] for letter in roles]})


def test_our_own_splits_pass_and_a_split_by_image_does_not():
    manifest = with_paths(cohort())
    table, _ = run(manifest, by=["patient", "repeat"])
    report = inspect(table, manifest)
    assert not report.leaky and report.times_tested == {1: len(manifest)} and report.n_folds == 3
    assert not (report.unknown or report.missing or report.in_two_roles or report.listed_twice or report.unreadable)
    assert "does not leak" in render(report, "splits.csv")
    table, metrics = run(manifest, scheme="image")
    report = inspect(table, manifest)
    assert report.leaky and report.leaks["the same patient"].n_test == metrics["leak_patients"]
    assert report.leaks["the same group"].n_test == metrics["leak_groups"]
    assert "IT LEAKS" in render(report, "splits.csv")


@pytest.mark.parametrize(
    "column, kind",
    [
        ("patient", "the same patient"),
        ("person", "the same patient"),
        ("sha256", "equal pixels"),
        ("near_repeat", "a near repeat"),
        ("session", "the same session"),
    ],
)
def test_each_kind_of_leak_is_counted_and_shown(column, kind):
    manifest, table = hand_made()
    ties = ties_of(manifest)
    target = ties if column in ("near_repeat", "session") else manifest
    target.loc[[0, 6], column] = "shared"
    report = inspect(table, manifest, ties, by=[])
    assert {name: leak.n_test for name, leak in report.leaks.items() if leak.n_test} == {kind: 1}
    assert report.leaks[kind].examples == [("raw/a/i0006.png", "test", "raw/a/i0000.png", "train", "0")]
    text = render(report, "theirs.csv")
    assert f"{kind}, fold 0: test raw/a/i0006.png  -  train raw/a/i0000.png" in text
    assert ("test rows share sessions" if kind == "the same session" else "IT LEAKS") in text
    whole = inspect(table, manifest, ties)
    assert whole.leaks["the same group"].n_test == 1 and "IT LEAKS" in render(whole, "theirs.csv")


def test_validation_that_shares_with_training_is_told_apart_from_a_leak():
    manifest, table = hand_made()
    manifest.loc[[0, 4], "patient"] = "p0"
    report = inspect(table, manifest)
    assert not report.leaky and report.leaks["the same patient"].n_val == 1
    assert "too kindly" in render(report, "x")


def test_what_is_embargoed_leaks_nothing():
    manifest, table = hand_made("-rrrvvTT")
    manifest.loc[[0, 6], "patient"] = "p0"
    assert not inspect(table, manifest).leaky


def test_names_that_nobody_knows_are_no_clean_verdict():
    manifest, table = hand_made()
    text = render(inspect(pd.concat([table, table.assign(image_id="x" + table["image_id"])]), manifest), "x")
    assert "NOT ALL IS CHECKED: 8 names" in text and "does not leak" not in text


def test_nothing_tested_is_nothing_checked():
    manifest, table = hand_made("rrrrrrrr")
    with pytest.raises(HemapipeError, match="nothing to check"):
        inspect(table, manifest)


def test_unknown_missing_repeated_and_contradictory_rows():
    manifest, table = hand_made()
    manifest.loc[7, "status"] = "unreadable"
    extra = pd.DataFrame({"image_id": ["i0000", "i0001", "nobody"], "role": ["train", "test", "test"]})
    report = inspect(pd.concat([table.drop(index=5), extra]), manifest)
    assert report.unknown == ["nobody"] and report.missing == ["raw/b/i0005.png"]
    assert report.unreadable == ["raw/b/i0007.png"]
    assert report.listed_twice == ["raw/a/i0000.png"] and report.in_two_roles == ["raw/b/i0001.png"]
    assert report.leaky  # i0001 is trained and tested on
    text = render(report, "x")
    for phrase in ("not in the manifest: 1 (nobody)", "does not list: 1 (raw/b/i0005.png)", "TWO ROLES OF A FOLD: 1"):
        assert phrase in text


def test_how_often_each_image_is_tested_and_the_shares_per_role():
    manifest, table = hand_made()
    again = table.assign(role=["test", "test", "train", "train", "val", "val", "test", "train"], fold="second")
    report = inspect(pd.concat([table.assign(fold="first"), again]), manifest)
    assert report.times_tested == {0: 4, 1: 3, 2: 1} and report.n_folds == 2
    assert report.counts.loc[("second", "test")].to_dict() == {"a": 2, "b": 1}
    assert "fold second test       3: a 2 (67%)  b 1 (33%)" in render(report, "x")


def test_names_of_roles_and_columns_as_others_write_them(tmp_path):
    manifest, _ = hand_made()
    path = tmp_path / "theirs.csv"
    path.write_text("\ufeffPath,Role\nraw/a/i0000.png,Training\n./raw/b/i0001.png,VALID\nraw\\a\\i0002.png, test \n")
    found = match(read_split(path), manifest)
    assert found.rows.to_numpy().tolist() == [["i0000", "0", "train"], ["i0001", "0", "val"], ["i0002", "0", "test"]]


@pytest.mark.parametrize(
    "path, found",
    [
        ("raw/a/i0000.png", True),
        ("i0000.png", True),
        ("a/i0000.png", True),
        ("/data/export/raw/a/i0000.png", True),
        ("b/i0000.png", False),  # another folder: another file
        ("0.png", False),
    ],
)
def test_a_path_fits_by_its_end(path, found):
    manifest, _ = hand_made()
    rows = match(pd.DataFrame({"path": [path, "raw/b/i0001.png"], "role": "test"}), manifest).rows
    assert ("i0000" in set(rows["image_id"])) == found


def test_an_end_that_fits_two_paths_is_unknown():
    manifest, _ = hand_made()
    manifest["path"] = [*(f"x/{number}.png" for number in range(4)), *(f"y/{number}.png" for number in range(4))]
    table = pd.DataFrame({"path": ["1.png", "x/1.png"], "role": "train"})
    assert match(table, manifest).unknown == ["1.png"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("image_id,fold\ni0000,0\n", "needs the columns role and image_id or path"),
        ("image_id,role\ni0000,holdout\n", "'holdout'"),
        ("path,role\nz.png,train\n", "no image of the split file is in the manifest: it has path like 'z.png'"),
        ("", "no CSV"),
        ("image_id,role,Role\ni0000,train,test\n", "two columns named role"),
        ("image_id,role\n", "like nothing"),
    ],
)
def test_what_is_no_split_file_says_why(tmp_path, text, message):
    manifest, _ = hand_made()
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(HemapipeError, match=message):
        match(read_split(tmp_path / "x.csv"), manifest)


def test_a_file_is_checked_against_the_tables_of_a_run(tmp_path):
    manifest, table = hand_made()
    full = manifest.assign(width=1, height=1).reindex(columns=MANIFEST, fill_value="")
    ties = ties_of(manifest)
    for name, content in {"manifest": full, "groups": build_groups(full, ["patient"]), "ties": ties}.items():
        write_table(content, tmp_path / f"{name}.csv")
    write_table(table, tmp_path / "theirs.csv")
    assert not check_file(tmp_path / "theirs.csv", tmp_path).leaky
    with pytest.raises(HemapipeError, match=r"none\.csv not found"):
        check_file(tmp_path / "none.csv", tmp_path)
