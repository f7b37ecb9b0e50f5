"""The manifest: a row per image file, in order, with fingerprints, repeats and contradictions."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from hemapipe.catalog import manifest as catalog
from hemapipe.catalog.checks import by_folder
from hemapipe.catalog.files import Listing, list_images
from hemapipe.catalog.sample import sample_images
from hemapipe.core.tables import MANIFEST, read_table, write_table
from hemapipe.sources import folder

PARAMS = folder.Params(archive="x.zip", pattern="{patient}/{label}/{name}")


def build(raw, params=PARAMS, strict=False, n_jobs=1):
    return catalog.build(raw, folder, params, catalog.Params(strict=strict), n_jobs)


@pytest.fixture
def archive_of_faults(make_zip, picture):
    return make_zip(
        {
            "p2/b/2.png": picture(2),
            "p1/a/1.png": picture(1),
            "p1/a/1 again.bmp": picture(1, "BMP"),  # the same pixels in another format
            "p2/a/two.png": picture(2),  # the same pixels under another label
            "p3/b/cut.jpg": picture(3, "JPEG")[:-300],
            "p3/b/zero.png": b"",
            "readme.txt": b"hello",
        }
    )


def test_a_row_per_image_sorted_by_path_with_the_contracts_columns(archive_of_faults):
    table, _ = build(archive_of_faults)
    assert list(table.columns) == MANIFEST
    assert table["path"].tolist() == sorted(table["path"]) and len(table) == 6
    assert table["image_id"].tolist() == [hashlib.sha1(path.encode()).hexdigest()[:12] for path in table["path"]]


def test_repeats_point_to_the_first_and_contradictions_are_marked_on_both(archive_of_faults):
    rows = build(archive_of_faults)[0].set_index("path")
    assert rows.loc["p1/a/1.png", "duplicate_of"] == rows.loc["p1/a/1 again.bmp", "image_id"]
    assert rows.loc["p1/a/1 again.bmp", "duplicate_of"] == ""
    assert rows.loc["p2/b/2.png", "duplicate_of"] == rows.loc["p2/a/two.png", "image_id"]
    assert rows.index[rows["conflict"]].tolist() == ["p2/a/two.png", "p2/b/2.png"]


def test_status_size_and_reason(archive_of_faults):
    rows = build(archive_of_faults)[0].set_index("path")
    assert rows["status"].value_counts().to_dict() == {"ok": 4, "truncated": 1, "unreadable": 1}
    assert tuple(rows.loc["p3/b/zero.png", ["width", "height", "sha256", "phash", "note"]]) == (
        0,
        0,
        "",
        "",
        "zero bytes",
    )
    assert tuple(rows.loc["p3/b/cut.jpg", ["width", "height"]]) == (32, 24)
    assert len(rows.loc["p3/b/cut.jpg", "sha256"]) == 64 and len(rows.loc["p3/b/cut.jpg", "phash"]) == 16


def test_the_counts_are_metrics(archive_of_faults):
    metrics = build(archive_of_faults)[1]
    expected = {
        "n_files": 6, "n_ok": 4, "n_truncated": 1, "n_unreadable": 1, "n_ignored": 1, "ignored": "readme.txt",
        "n_duplicates": 2, "n_conflicts": 2, "n_patients": 3, "n_classes": 2, "n_a": 3, "n_b": 3, "n_unlabelled": 0,
        "n_patients_in_two_classes": 1, "count_mismatches": 0,
    }  # fmt: skip
    assert {key: metrics[key] for key in expected} == expected
    assert "p2" in metrics["warnings"]


def test_the_table_survives_its_file_and_the_number_of_processes(archive_of_faults, tmp_path, monkeypatch):
    table, metrics = build(archive_of_faults)
    write_table(table, tmp_path / "manifest.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "manifest.csv", MANIFEST), table, check_dtype=False)
    monkeypatch.setattr(catalog, "CHUNK", 2)
    again, same = build(archive_of_faults, n_jobs=2)
    pd.testing.assert_frame_equal(again, table)
    assert same == metrics


def test_unlabelled_copies_make_no_contradiction():
    table = pd.DataFrame({"image_id": list("abc"), "label": ["x", "", "x"], "sha256": ["1", "1", "1"]})
    marked = catalog.mark_repeats(table)
    assert marked["duplicate_of"].tolist() == ["", "a", "a"] and not marked["conflict"].any()


def test_unreadable_files_are_no_repeats_of_each_other():
    table = pd.DataFrame({"image_id": list("ab"), "label": ["x", "y"], "sha256": ["", ""]})
    marked = catalog.mark_repeats(table)
    assert marked["duplicate_of"].tolist() == ["", ""] and not marked["conflict"].any()


def test_the_pixel_hash_knows_the_shape():
    pixels = np.zeros((2, 8, 3), np.uint8)
    assert catalog.pixel_hash(pixels) != catalog.pixel_hash(pixels.reshape(4, 4, 3))


def test_what_a_source_leaves_out_is_ignored_by_name_not_lost():
    listing = catalog.keep(Listing({"a.png": "", "mask.png": ""}, ["x.csv"]), pd.Series(["a.png"]))
    assert listing == Listing({"a.png": ""}, ["mask.png", "x.csv"])


@pytest.mark.parametrize("described", [["a.png", "a.png"], ["b.png"]])
def test_a_source_that_describes_other_files_is_a_defect(described):
    with pytest.raises(ValueError, match="each image file once"):
        catalog.keep(Listing({"a.png": ""}, []), pd.Series(described))


def test_many_ignored_files_are_counted_by_folder():
    names = [f"masks/{i}.png" for i in range(30)] + ["readme.txt"]
    assert by_folder(names) == ["./ (1 files)", "masks/ (30 files)"]
    assert by_folder(names[:3]) == names[:3]


def test_the_sheet_shows_intact_images_of_each_class_chosen_by_the_seed(make_zip, picture):
    raw = make_zip({f"p/{label}/{i}.png": picture(i) for i, label in enumerate("ab" * 10)})
    table, _ = build(raw)
    shown = sample_images(raw, table, seed=1, n_each=4)
    assert {label: len(pictures) for label, pictures in shown.items()} == {"a": 4, "b": 4}
    same, other = sample_images(raw, table, seed=1, n_each=4), sample_images(raw, table, seed=2, n_each=4)
    np.testing.assert_array_equal(shown["a"], same["a"])
    assert not np.array_equal(shown["a"], other["a"])


def test_listing_goes_by_suffix_then_by_content(make_zip, picture):
    listing = list_images(make_zip({"a.png": b"", "b": picture(1), "c.dat": b"text", "d.PNG": picture(2)}))
    assert list(listing.images) == ["a.png", "b", "d.PNG"] and listing.ignored == ["c.dat"]
