"""Every way to name images gives one stream in one order; what is no image is counted."""

import os
import zipfile

import cv2
import numpy as np
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.predict.inputs import Inputs


@pytest.fixture
def folder(tmp_path):
    png = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    for name in ("P2/b.png", "P2/a.png", "P1/c.PNG", "P1/deep/d.png", "P1/bare"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(png)
    (tmp_path / "set/P1/notes.txt").write_text("no image")
    return tmp_path / "set"


def test_a_folder_is_walked_in_order_and_other_files_are_counted(folder):
    inputs = Inputs([folder], "{patient}/{name}")
    seen = [(item.path.removeprefix(f"{folder}/"), item.patient) for item in inputs]
    # A file without an ending counts by its content; below `deep` the folder is what the pattern names.
    assert seen == [
        ("P1/bare", "P1"), ("P1/c.PNG", "P1"), ("P1/deep/d.png", "deep"), ("P2/a.png", "P2"), ("P2/b.png", "P2"),
    ]  # fmt: skip
    assert inputs.left_out == 1
    assert [item.path for item in inputs] == [item.path for item in inputs]
    assert inputs.left_out == 1


def test_a_zip_is_read_without_unpacking(folder, tmp_path):
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, path.relative_to(folder))
        out.writestr("__MACOSX/x.png", b"")
        out.writestr("../up.png", b"")
    inputs = Inputs([packed])
    items = {item.path.removeprefix(f"{packed}/"): item for item in inputs}
    assert set(items) == {"P1/bare", "P1/c.PNG", "P1/deep/d.png", "P2/a.png", "P2/b.png", "../up.png"}
    assert inputs.left_out == 1


def test_entries_of_a_zip_are_read_while_it_is_open(folder, tmp_path):
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as out:
        out.write(folder / "P2/a.png", "a.png")
        out.writestr("../up.png", b"123")
    content = {}
    for item in Inputs([packed]):
        try:
            content[item.path] = item.read()
        except HemapipeError as error:
            content[item.path] = str(error)
    assert content[f"{packed}/a.png"] == (folder / "P2/a.png").read_bytes()
    assert "climbs out" in content[f"{packed}/../up.png"]


def test_a_list_names_files_beside_it_and_their_patients(folder):
    listed = folder / "list.csv"
    listed.write_text("path,patient\nP2/a.png,Ada\nP1/gone.png,Bo\n", encoding="utf-8-sig")
    first, gone = Inputs([listed])
    assert (first.path, first.patient, first.read()) == ("P2/a.png", "Ada", (folder / "P2/a.png").read_bytes())
    with pytest.raises(FileNotFoundError):
        gone.read()


def said_by(read):
    with pytest.raises((HemapipeError, OSError)) as error:
        read()
    return str(error.value)


def test_a_bad_row_of_a_list_is_an_item_with_its_error(folder):
    listed = folder / "list.csv"
    listed.write_text("patient,path\nAda\n,\nBo,P2/\0.png\nCy,pipe.png\nDi,P2\nEd,P2/a.png\n")
    os.mkfifo(folder / "pipe.png")
    short, empty, nul, pipe, parent, good = Inputs([listed])
    assert (short.path, short.patient, empty.path) == ("", "Ada", "")
    assert said_by(short.read) == "no path in line 2 of list.csv"
    assert said_by(empty.read) == "no path in line 3 of list.csv"
    assert nul.path == r"P2/\x00.png"
    assert "no file can be called this" in said_by(nul.read)
    assert "a pipe" in said_by(pipe.read)
    assert "directory" in said_by(parent.read)
    assert good.read() == (folder / "P2/a.png").read_bytes()


def test_pipes_and_devices_of_a_folder_are_left_out(folder):
    os.mkfifo(folder / "P1/pipe.png")
    os.mkfifo(folder / "P1/pipe")
    (folder / "P1/gone.png").symlink_to(folder / "nowhere")
    inputs = Inputs([folder / "P1"])
    assert [item.path.rpartition("/")[2] for item in inputs] == ["bare", "c.PNG", "gone.png", "d.png"]
    assert inputs.left_out == 3


def test_names_are_one_line_and_can_be_written(folder):
    png = (folder / "P2/a.png").read_bytes()
    (folder / "P\n3").mkdir()
    (folder / "P\n3/x\x1b[2J.png").write_bytes(png)
    with open(os.fsencode(folder) + b"/P2/\xe4.png", "wb") as handle:
        handle.write(png)
    items = [item for item in Inputs([folder], "{patient}/{name}") if "\\" in item.path]
    seen = [(item.path.removeprefix(f"{folder}/"), item.patient, item.read() == png) for item in items]
    assert seen == [(r"P\x0a3/x\x1b[2J.png", r"P\x0a3", True), (r"P2/\udce4.png", "P2", True)]


def test_an_encrypted_entry_that_is_no_image_by_name_is_left_out(tmp_path):
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("a.png", b"123")
        out.writestr("secret", b"123")
    content = bytearray(packed.read_bytes())
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.rfind(mark) + flags] |= 1
    packed.write_bytes(content)
    inputs = Inputs([packed])
    assert [item.path for item in inputs] == [f"{packed}/a.png"]
    assert inputs.left_out == 1


def test_single_files_come_as_they_are_named(folder):
    paths = [folder / "P2/b.png", folder / "P1/notes.txt"]
    assert [item.path for item in Inputs(paths)] == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("make", "pattern", "said"),
    [
        (lambda folder: folder / "none.png", "", "not found"),
        (lambda folder: folder, "{label}/{name}", "needs {patient}"),
        (lambda folder: (folder / "l.csv").write_text("file\na.png\n") and folder / "l.csv", "", "column `path`"),
        (lambda folder: (folder / "l.csv").write_bytes(b"path\nM\xfcller.png\n") and folder / "l.csv", "", "UTF-8"),
        (lambda folder: (folder / "l.csv").write_text('path\n"' + "a" * 200_000) and folder / "l.csv", "", "as a CSV"),
        (lambda folder: (folder / "z.zip").write_text("no zip") and folder / "z.zip", "", "no zip archive"),
    ],
)
def test_what_cannot_be_is_said(folder, make, pattern, said):
    with pytest.raises(HemapipeError, match=said):
        list(Inputs([make(folder)], pattern))
