"""`hemapipe predict` as a user has it: rows, errors, patients, resuming, constant memory."""

import csv
import itertools
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from exported_run import CLASSES

from hemapipe import cli
from hemapipe.core.errors import HemapipeError
from hemapipe.predict import command
from hemapipe.predict.inputs import Inputs
from hemapipe.predict.patients import verdicts
from hemapipe.predict.rows import fields, format_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory, smears):
    root = tmp_path_factory.mktemp("images")
    for number, (patient, _, image) in enumerate(smears):
        (root / patient).mkdir(exist_ok=True)
        cv2.imwrite(str(root / patient / f"{number:02}.png"), image[..., ::-1])
    whole = (root / smears[0][0] / "00.png").read_bytes()
    (root / smears[0][0] / "cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "bad.jpg").write_bytes(b"no image at all")
    cv2.imwrite(str(root / "white.png"), np.full((80, 80, 3), 255, np.uint8))
    return root


def predict(run, folder, model="lr", form="csv", out=None, resume=False):
    return command.predict(run.only(model), Inputs([folder], "{patient}/{name}"), model, form, out, resume)


def test_every_file_is_a_row(run, folder, tmp_path, smears):
    out = tmp_path / "deep/o.csv"
    done = predict(run, folder, out=out)
    with out.open() as handle:
        rows = {row["path"].removeprefix(f"{folder}/"): row for row in csv.DictReader(handle)}
    assert list(next(iter(rows.values()))) == fields(CLASSES)
    assert len(rows) == len(smears) + 3 == done.n_files
    bad, cut, white = rows.pop("bad.jpg"), rows.pop(f"{smears[0][0]}/cut.png"), rows.pop("white.png")
    assert bad["error"] == "no image format recognised in the content"
    assert bad["p_pro"] == bad["decision"] == bad["has_white_cell"] == ""
    assert "truncated" in cut["flags"].split()
    assert cut["label"]
    assert {"not_a_smear", "low_information"} <= set(white["flags"].split())
    assert white["decision"] == "refused"
    expected = run.only("lr").look([image for *_, image in smears])
    for (patient, _, _), finding, row in zip(smears, expected, rows.values(), strict=True):
        assert (row["patient"], row["label"], row["decision"]) == (
            patient,
            finding.labels["lr"],
            finding.decisions["lr"],
        )
        assert [float(row[f"p_{name}"]) for name in CLASSES] == pytest.approx(finding.probabilities["lr"], abs=1e-6)


def test_formats_say_the_same(run, folder, tmp_path, capsys):
    predict(run, folder, out=tmp_path / "o.csv")
    predict(run, folder, form="jsonl", out=tmp_path / "o.jsonl")
    predict(run, folder, form="table")
    with (tmp_path / "o.csv").open() as handle:
        of_csv = list(csv.DictReader(handle))
    of_json = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    shown = capsys.readouterr().out.splitlines()
    assert len(of_csv) == len(of_json) == len(shown) - 1
    for a, b, line in zip(of_csv, of_json, shown[1:], strict=True):
        assert list(a) == list(b)
        assert (a["path"], a["label"], a["flags"].split(), a["error"]) == (
            b["path"],
            b["label"],
            b["flags"],
            b["error"],
        )
        assert b["error"] in line
        assert b["decision"] in line
        assert b["p_pro"] is None or f"{b['p_pro']:.3f}" in line


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("lost", [1, 40, 2500])
def test_an_interrupted_prediction_goes_on(run, folder, tmp_path, form, lost):
    whole, cut = tmp_path / f"whole.{form}", tmp_path / f"cut.{form}"
    first = predict(run, folder, form=form, out=whole)
    cut.write_bytes(whole.read_bytes()[:-lost])
    again = predict(run, folder, form=form, out=cut, resume=True)
    assert cut.read_bytes() == whole.read_bytes()
    assert again.n_resumed + again.n_files == first.n_files
    for a, b in zip(first.verdicts, again.verdicts, strict=True):
        assert a[:4] == b[:4]
        assert a.p == pytest.approx(b.p, abs=1e-5)


def test_nothing_is_overwritten_or_mixed(run, folder, tmp_path):
    out = tmp_path / "o.csv"
    predict(run, folder, out=out)
    before = out.read_bytes()
    with pytest.raises(HemapipeError, match="--resume goes on"):
        predict(run, folder, out=out)
    out.write_text(out.read_text().replace("bad.jpg", "worse.jpg"))
    with pytest.raises(HemapipeError, match="same files in the same order"):
        predict(run, folder, out=out, resume=True)
    out.write_text("path,p_healthy\nbad.jpg,1\n")
    with pytest.raises(HemapipeError, match="other columns"):
        predict(run, folder, out=out, resume=True)
    assert before != out.read_bytes()


def test_a_patient_is_the_mean_of_their_smears(run, folder, smears):
    shown = [image for *_, image in smears]
    strange = np.full((64, 64, 3), 255, np.uint8)
    findings = [*run.look([*shown, strange]), None]
    names = [patient for patient, *_ in smears]
    found = verdicts(run, [*names, names[0], names[0]], findings, "lr")
    assert [one.patient for one in found] == list(dict.fromkeys(names))
    for one in found:
        own = np.array([f.probabilities["lr"] for n, f in zip(names, findings, strict=False) if n == one.patient])
        assert one.p == pytest.approx(own.mean(axis=0))
        assert one.label == CLASSES[own.mean(axis=0).argmax()]
        assert one.share == pytest.approx((own.argmax(axis=1) == own.mean(axis=0).argmax()).mean())
        assert one.decision == ("positive" if own.mean(axis=0)[1:].sum() >= 0.6 else "negative")
    assert (found[0].n_images, found[0].n_used) == (5, 3)
    (none,) = verdicts(run, ["X"], [None])
    assert (none.n_used, none.label, none.decision) == (0, "", "")


def test_memory_does_not_grow_with_the_number_of_files(run, folder, tmp_path, smears):
    """Items are asked for as they are needed, and at most a batch of images lives at once."""
    made, alive = itertools.count(), 0

    class Endless(Inputs):
        def __iter__(self):
            base = next(item for item in super().__iter__() if item.path.endswith("01.png"))
            while True:
                next(made)
                yield base

    stream = command.rows(run.only("net"), Endless([folder]), "net")
    for _ in itertools.islice(stream, 100):
        alive += 1
    assert alive == 100
    assert next(made) <= 100 + 2 * command.BATCH


def test_the_command(exported, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(exported)
    out, patients = tmp_path / "o.jsonl", tmp_path / "patients.csv"
    words = ["hemapipe", "predict", str(folder), "--out", str(out), "--pattern", "{patient}/{name}"]
    monkeypatch.setattr(sys, "argv", [*words, "--patients", str(patients)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    said = capsys.readouterr().err
    assert "15 files by lr" in said
    assert "0.800 [0.700, 0.900]" in said
    assert "Research use only" in said
    assert len(out.read_text().splitlines()) == 15
    with patients.open() as handle:
        assert {row["patient"] for row in csv.DictReader(handle)} >= {"P1", "P2", "P3", "P4"}


def test_a_single_image_that_cannot_be_read_ends_with_1(exported, folder):
    done = subprocess.run(
        [sys.executable, "-m", "hemapipe.cli", "predict", str(folder / "bad.jpg")],
        cwd=exported, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ERROR no image format recognised" in done.stdout


def test_a_format_is_asked_for_or_seen_in_the_name(tmp_path):
    assert [format_of("", None), format_of("", tmp_path / "a.CSV"), format_of("jsonl", None)] == [
        "table",
        "csv",
        "jsonl",
    ]
    with pytest.raises(HemapipeError, match="no format 'xlsx'"):
        format_of("", tmp_path / "a.xlsx")
