"""An interrupted prediction goes on where it stopped, and only with what it was begun with."""

import copy
import csv

import cv2
import numpy as np
import pytest
from exported_run import CLASSES

from hemapipe.core.errors import HemapipeError
from hemapipe.predict import command
from hemapipe.predict.inputs import Inputs
from hemapipe.predict.patients import write_verdicts
from hemapipe.predict.resume import read_back

FORMS = pytest.mark.parametrize("form", ["csv", "jsonl"])
PATTERN = "{patient}/{name}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, smears):
    """Smears of four patients, names that make trouble, and a file that cannot be read."""
    root = tmp_path_factory.mktemp("images")
    for number, (patient, _, image) in enumerate(smears[::2]):
        (root / patient).mkdir(exist_ok=True)
        cv2.imwrite(str(root / patient / f"{number:02}.png"), image[..., ::-1])
    png = cv2.imencode(".png", np.full((64, 64, 3), 255, np.uint8))[1].tobytes()
    for patient, name in (("=1+2", "a,b.png"), ("'=1", 'q"q.png'), ("@x", "x\ny\r.png"), ("P1", "\x1b[2J.png")):
        (root / patient).mkdir(exist_ok=True)
        (root / patient / name).write_bytes(png)
    (root / "bad.jpg").write_bytes(b"no image at all")
    return root


def predict(run, folder, out, model="lr", resume=False, pattern=PATTERN):
    form = out.suffix[1:]
    return command.predict(run.only(model), Inputs([folder], pattern), model, form, out, resume)


@FORMS
@pytest.mark.parametrize("lost", [1, 40, 900, 1500, 10**6])
def test_an_interrupted_prediction_goes_on(run, folder, tmp_path, form, lost):
    whole, cut = tmp_path / f"whole.{form}", tmp_path / f"cut.{form}"
    first = predict(run, folder, whole)
    cut.write_bytes(whole.read_bytes()[:-lost])
    again = predict(run, folder, cut, resume=True)
    assert cut.read_bytes() == whole.read_bytes()
    assert again.n_resumed + again.n_files == first.n_files
    assert again.n_read == first.n_read == first.n_files - 1
    for a, b in zip(first.verdicts, again.verdicts, strict=True):
        assert a[:4] == b[:4]
        assert a.p == pytest.approx(b.p, abs=1e-5)


def test_a_header_cut_off_is_written_again(run, folder, tmp_path):
    out = tmp_path / "o.csv"
    predict(run, folder, out)
    whole = out.read_bytes()
    out.write_bytes(whole[:30])
    predict(run, folder, out, resume=True)
    assert out.read_bytes() == whole


@FORMS
def test_names_come_back_as_they_are(run, folder, tmp_path, form):
    out = tmp_path / f"o.{form}"
    done = predict(run, folder, out)
    rows = list(read_back(out, form, CLASSES))
    assert [(row["path"], row["patient"]) for row in rows] == [item[:2] for item in Inputs([folder], PATTERN)]
    assert len(out.read_bytes().splitlines()) == done.n_files + (form == "csv")
    assert {"=1+2", "'=1", "@x"} <= {one.patient for one in done.verdicts}


def test_no_cell_is_a_formula(run, folder, tmp_path):
    out, patients = tmp_path / "o.csv", tmp_path / "patients.csv"
    done = command.predict(run.only("lr"), relative(folder), "lr", "csv", out)
    write_verdicts(done.verdicts, CLASSES, patients)
    for path, names in ((out, ("path", "patient")), (patients, ("patient",))):
        with path.open(newline="") as handle:
            cells = [row[name] for row in csv.DictReader(handle) for name in names]
        assert "'=1+2" in cells
        assert "''=1" in cells
        assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]


def relative(folder):
    listed = folder.parent / "list.csv"
    listed.write_text("path,patient\n-a.png,=1+2\n+b.png,'=1\n")
    return Inputs([listed])


@FORMS
def test_another_model_or_other_patients_are_not_mixed_in(run, folder, tmp_path, form):
    out = tmp_path / f"o.{form}"
    predict(run, folder, out, model="net")
    before = out.read_bytes()
    eight_bits = copy.copy(run)
    eight_bits.int8 = True
    assert [eight_bits.version(name) for name in ("lr", "net", "vote")] == ["lr", "net int8", "vote int8"]
    with pytest.raises(HemapipeError, match="by 'net', not 'lr'"):
        predict(run, folder, out, resume=True)
    with pytest.raises(HemapipeError, match="by 'net', not 'net int8'"):
        predict(eight_bits, folder, out, model="net", resume=True)
    with pytest.raises(HemapipeError, match=r"has the patient .* needs the same --pattern"):
        predict(run, folder, out, model="net", resume=True, pattern="")
    assert out.read_bytes() == before


@FORMS
def test_nothing_is_overwritten_and_other_files_are_not_mixed_in(run, folder, tmp_path, form):
    out = tmp_path / f"o.{form}"
    predict(run, folder, out)
    before = out.read_bytes()
    with pytest.raises(HemapipeError, match="--resume goes on"):
        predict(run, folder, out)
    assert out.read_bytes() == before
    other = before.replace(b"bad.jpg", b"worse.jpg") + b"unfinished"
    out.write_bytes(other)
    with pytest.raises(HemapipeError, match="same files in the same order"):
        predict(run, folder, out, resume=True)
    assert out.read_bytes() == other


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv", b"path,p_healthy\nbad.jpg,1\nlast line without end"),
        ("csv", b"one line alone"),
        ("csv", b"\xff\xfe\x00\n\x00"),
        ("jsonl", b'{"path": "bad.jpg"}\nlast line without end'),
        ("jsonl", b'{"a": 1}'),
        ("jsonl", b'[1]\n{"pa'),
        ("jsonl", b"\xff\xfe\x00\n\x00"),
    ],
)
def test_a_foreign_file_is_left_as_it_is(run, folder, tmp_path, form, content):
    out = tmp_path / f"o.{form}"
    out.write_bytes(content)
    with pytest.raises(HemapipeError, match="other columns"):
        predict(run, folder, out, resume=True)
    assert out.read_bytes() == content


def test_a_table_is_not_resumed(run, folder, tmp_path):
    (tmp_path / "o.table").write_text("path")
    with pytest.raises(HemapipeError, match="--format csv or jsonl"):
        predict(run, folder, tmp_path / "o.table", resume=True)
