"""Every bad input has a defined outcome: normalised, a row with the reason, or one clear error. None vanishes."""

import stat
import struct
import zipfile
import zlib

import pytest

from hemapipe.catalog import manifest as catalog
from hemapipe.core.errors import HemapipeError
from hemapipe.sources import folder

PARAMS = folder.Params(archive="x.zip", pattern="{label}/{name}")


def build(raw, source=folder, **strict):
    return catalog.build(raw, source, PARAMS, catalog.Params(strict=bool(strict)), 1)


@pytest.fixture
def row_of(make_zip, picture):
    """Return a function: the manifest row of one odd file among sound ones, and the metrics."""

    def make(name: object, content: bytes):
        raw = make_zip({"a/1.png": picture(1), "b/2.png": picture(2), name: content})
        table, metrics = build(raw)
        path = getattr(name, "filename", name)
        return table.set_index("path").loc[path], metrics

    return make


def png_that_declares(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "zero bytes"),
        (b"no picture", "no image format"),
        (png_that_declares(90_000, 90_000), "decompression bomb"),
    ],
)
def test_unreadable_content_is_a_row_with_the_reason(row_of, content, reason):
    row, metrics = row_of("a/odd.png", content)
    assert row["status"] == "unreadable" and reason in row["note"] and row["label"] == "a"
    assert metrics["n_unreadable"] == 1 and metrics["n_files"] == 3


def test_a_truncated_file_is_a_row_with_the_reason(row_of, picture):
    row, metrics = row_of("a/odd.jpg", picture(3, "JPEG")[:-300])
    assert row["status"] == "truncated" and "cut off" in row["note"] and metrics["n_truncated"] == 1


@pytest.mark.parametrize(
    ("name", "note"), [("a/odd.png", "content is JPEG"), ("a/odd", "content is JPEG"), ("a/odd.jpeg", "")]
)
def test_a_wrong_extension_is_decoded_by_content_and_noted(row_of, picture, name, note):
    row, _ = row_of(name, picture(3, "JPEG"))
    assert (row["status"], row["note"]) == ("ok", note)


@pytest.mark.parametrize(
    ("kind", "mode", "note"), [("JPEG", "CMYK", "CMYK"), ("PNG", "L", "grayscale"), ("PNG", "RGBA", "alpha")]
)
def test_other_pixel_formats_are_normalised_and_noted(row_of, picture, kind, mode, note):
    row, _ = row_of(f"a/odd.{kind.lower()}", picture(3, kind, mode))
    assert row["status"] == "ok" and note in row["note"]


@pytest.mark.parametrize("name", ["a/with space.png", "a/größe 血.png", 'a/quote",comma.png', "a/new\nline.png"])
def test_odd_but_legal_names_work(row_of, picture, name):
    row, _ = row_of(name, picture(3))
    assert row["status"] == "ok" and row["label"] == "a"


@pytest.mark.parametrize("name", ["../a/up.png", "/a/abs.png", "C:/a/drive.png"])
def test_entries_that_climb_out_are_rows_with_the_reason(row_of, picture, name):
    row, metrics = row_of(name, picture(3))
    assert row["status"] == "unreadable" and "refused" in row["note"] and metrics["n_unreadable"] == 1


def test_links_in_the_archive_are_rows_with_the_reason(row_of):
    link = zipfile.ZipInfo("a/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    row, _ = row_of(link, b"/etc/passwd")
    assert row["status"] == "unreadable" and "symbolic link" in row["note"]


def test_litter_is_passed_over_and_counted_by_name(make_zip, picture):
    litter = ["__MACOSX/a/._1.png", "a/.DS_Store", "a/Thumbs.db", "a/._1.png"]
    raw = make_zip({"a/1.png": picture(1), "b/2.png": picture(2), **dict.fromkeys(litter, b"x")})
    table, metrics = build(raw)
    assert len(table) == 2 and metrics["n_ignored"] == 4
    assert all(name in metrics["ignored"] for name in litter)


def test_an_archive_without_images_is_a_clear_error(make_zip):
    with pytest.raises(HemapipeError, match=r"no image in the archive \(1 other files: readme\.txt\)"):
        build(make_zip({"readme.txt": b"hello"}))


def test_one_class_only_is_a_clear_error(make_zip, picture):
    with pytest.raises(HemapipeError, match=r"one class only \(a\)"):
        build(make_zip({"a/1.png": picture(1), "a/2.png": picture(2)}))


def test_a_class_without_a_readable_image_is_a_clear_error_with_the_reason(make_zip, picture):
    with pytest.raises(HemapipeError, match=r"class without readable images: b \(zero bytes\)"):
        build(make_zip({"a/1.png": picture(1), "b/2.png": b"", "c/3.png": picture(3)}))


def test_a_class_whose_folder_is_empty_is_a_clear_error(make_zip, picture):
    with pytest.raises(HemapipeError, match=r"class without images: c "):
        build(make_zip({"a/1.png": picture(1), "b/2.png": picture(2), "c/": b""}))


def test_a_patient_in_two_classes_is_counted_and_warned_of(make_zip, picture, capsys):
    raw = make_zip({"x/a/1.png": picture(1), "x/b/2.png": picture(2), "y/b/3.png": picture(3)})
    params = folder.Params(archive="x.zip", pattern="{patient}/{label}/{name}")
    _, metrics = catalog.build(raw, folder, params, catalog.Params(strict=True), 1)
    assert metrics["n_patients_in_two_classes"] == 1
    assert "patients in two classes: x" in capsys.readouterr().err


def test_other_counts_than_published_warn_or_stop(make_zip, picture, monkeypatch, capsys):
    raw = make_zip({"a/1.png": picture(1), "b/2.png": picture(2)})
    monkeypatch.setattr(folder, "EXPECTED", {"a": 1, "b": 3})
    _, metrics = build(raw)
    assert metrics["count_mismatches"] == 1 and "b: 1 images, published 3" in metrics["warnings"]
    assert "published 3" in capsys.readouterr().err
    with pytest.raises(HemapipeError, match=r"catalog\.strict.*b: 1 images, published 3"):
        build(raw, strict=True)


def test_a_class_called_like_a_metric_does_not_overwrite_it(make_zip, picture):
    _, metrics = build(make_zip({"ok/1.png": picture(1), "files/2.png": picture(2), "files/3.png": picture(3)}))
    assert (metrics["n_files"], metrics["n_class_files"], metrics["n_ok"], metrics["n_class_ok"]) == (3, 2, 3, 1)


def test_class_names_that_cannot_head_a_column_are_a_clear_error(make_zip, picture):
    with pytest.raises(HemapipeError, match=r"no comma.*a,b"):
        build(make_zip({"a,b/1.png": picture(1), "c/2.png": picture(2)}))
