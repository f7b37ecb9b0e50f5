"""Your own images: patterns with and without leading folders, lists, and clear errors."""

import unicodedata
import zipfile

import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.sources import folder


def params(pattern="images/{patient}/{label}/{name}", archive="x.zip") -> folder.Params:
    return folder.Params(archive=archive, pattern=pattern)


@pytest.fixture
def empty_zip(tmp_path) -> zipfile.ZipFile:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as opened:
        opened.writestr("readme.txt", b"")
    return zipfile.ZipFile(tmp_path / "x.zip")


@pytest.mark.parametrize("prefix", ["images/", "export 2024/images/", "a/b/images/", ""])
def test_a_pattern_fits_with_and_without_leading_folders(empty_zip, prefix):
    names = [f"{prefix}P1/blast/1.jpg", f"{prefix}P2/lympho cyte/2.jpg"]
    table = folder.describe(names, empty_zip, params())
    assert table["patient"].tolist() == ["P1", "P2"] and table["label"].tolist() == ["blast", "lympho cyte"]
    assert set(table["note"]) == {""}


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("{label}/{name}", "benign/1.png", {"label": "benign", "name": "1.png"}),
        ("{label}_{patient}.png", "pro_12.png", {"label": "pro", "patient": "12"}),
        ("{patient}-{sequence}-{label}.tif", "a-007-pre.tif", {"patient": "a", "sequence": "007", "label": "pre"}),
        ("{official}/{label}/{name}", "fold_1/all/x.bmp", {"official": "fold_1", "label": "all", "name": "x.bmp"}),
        ("{cohort}/{label}/{name}", "munich/all/1.tif", {"cohort": "munich", "label": "all", "name": "1.tif"}),
        ("x.y/{label}/{name}", "x.y/a(b)/1.png", {"label": "a(b)", "name": "1.png"}),
    ],
)
def test_fields_of_a_pattern(pattern, path, found):
    assert folder.match_pattern(pattern, [path]) == {path: found}


def test_a_dot_in_a_pattern_is_a_dot():
    assert folder.match_pattern("x.y/{label}/{name}", ["xzy/a/1.png"]) == {}


def test_decomposed_unicode_is_the_same_label():
    names = [unicodedata.normalize(form, "Müller/größe/1.png") for form in ("NFC", "NFD")]
    found = folder.match_pattern("{patient}/{label}/{name}", names)
    assert len(found) == 2 and len({tuple(fields.values()) for fields in found.values()}) == 1


def test_a_file_that_does_not_match_keeps_its_row(empty_zip):
    table = folder.describe(["images/P1/blast/1.jpg", "images/stray.jpg"], empty_zip, params())
    assert table["label"].tolist() == ["blast", ""] and table["note"].iloc[1] == "path does not match the pattern"


def test_a_pattern_that_matches_nothing_shows_two_paths(empty_zip):
    with pytest.raises(
        HemapipeError, match=r"'\{patient\}/\{label\}/\{name\}' matches no path such as 'a.png' or 'b.png'"
    ):
        folder.describe(["a.png", "b.png", "c.png"], empty_zip, params("{patient}/{label}/{name}"))


@pytest.mark.parametrize("pattern", ["{patient}/{name}", "{label}/{klass}", "{label}/{label}/{name}", ""])
def test_a_senseless_pattern_is_refused_with_the_params(pattern):
    with pytest.raises(HemapipeError, match="pattern"):
        check(folder.Params, {"archive": "x.zip", "sha256": None, "pattern": pattern}, "download.folder")


def write_list(tmp_path, text, names=("a/1.png", "b/2 ü.png")):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    folder.fetch(params(archive="list.csv"), 0, 1, tmp_path, tmp_path / "raw.zip")
    return zipfile.ZipFile(tmp_path / "raw.zip")


def test_a_list_gives_labels_and_patients(tmp_path):
    text = "path,label,patient,comment\nb/2 ü.png,pro,007,fine\na/1.png,benign,,\n"
    with write_list(tmp_path, text) as opened:
        assert opened.read("a/1.png") == b"a/1.png"
        table = folder.describe(["a/1.png", "b/2 ü.png"], opened, params(archive="list.csv"))
    assert table["label"].tolist() == ["benign", "pro"] and table["patient"].tolist() == ["", "007"]


def test_cohorts_come_from_the_paths_or_from_the_list(empty_zip, tmp_path):
    names = ["munich/P1/blast/1.jpg", "oslo/P1/blast/1.jpg"]
    table = folder.describe(names, empty_zip, params("{cohort}/{patient}/{label}/{name}"))
    assert table["cohort"].tolist() == ["munich", "oslo"]
    text = "path,label,patient,person,cohort\na/1.png,x,17,17+18,munich\nb/2 ü.png,y,30,,\n"
    with write_list(tmp_path, text) as opened:
        listed = folder.describe(["a/1.png", "b/2 ü.png"], opened, params(archive="list.csv"))
    assert listed["cohort"].tolist() == ["munich", ""] and listed["person"].tolist() == ["17+18", ""]


def test_a_list_needs_no_patients(tmp_path):
    with write_list(tmp_path, "path,label\na/1.png,x\n") as opened:
        assert folder.describe(["a/1.png"], opened, params(archive="list.csv"))["patient"].tolist() == [""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na/1.png,x\n", "needs the columns path and label"),
        ("path,label\na/1.png,x\na/1.png,y\n", r"lists 1 files twice: a/1\.png"),
        ("path,label\na/9.png,x\n", r"missing or outside its folder: a/9\.png"),
        ("path,label\n../a/1.png,x\n", r"missing or outside its folder: \.\./a/1\.png"),
    ],
)
def test_a_wrong_list_is_a_clear_error(tmp_path, text, message):
    with pytest.raises(HemapipeError, match=message):
        write_list(tmp_path, text)


def test_a_missing_folder_says_what_to_set(tmp_path):
    with pytest.raises(HemapipeError, match=r"images\.zip not found .*HEMAPIPE_DATA"):
        folder.fetch(params(archive="images.zip"), 0, 1, None, tmp_path / "raw.zip")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no CSV in UTF-8"), (b"path,label\n", "lists no file"), (b'path,label\n"a,x\n', "no CSV in UTF-8"),
     ("path,label\na/1.png,gr\u00f6\u00dfe\n".encode("latin-1"), "no CSV in UTF-8")],
)  # fmt: skip
def test_a_list_that_is_no_table_is_a_clear_error(tmp_path, content, message):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(HemapipeError, match=message):
        folder.fetch(params(archive="list.csv"), 0, 1, tmp_path, tmp_path / "raw.zip")


def test_an_empty_class_folder_is_an_error_here_and_a_list_for_the_audit(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as opened:
        opened.writestr("pro/", b"")
        assert folder.read_paths(["pre/1.png"], opened, "{label}/{name}")[1] == ["pro"]
        with pytest.raises(HemapipeError, match="class without images: pro"):
            folder.describe(["pre/1.png"], opened, params("{label}/{name}"))
