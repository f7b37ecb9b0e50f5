"""`hemapipe predict` as a user has it: rows, errors, patients, resuming, constant memory."""

import copy
import csv
import itertools
import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from exported_run import CLASSES

from hemapipe import cli
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json
from hemapipe.predict import command
from hemapipe.predict.inputs import Inputs
from hemapipe.predict.patients import Verdict, render_verdicts, verdicts
from hemapipe.predict.rows import Maker, fields, format_of
from hemapipe.predict.run import load_run


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


def predict(run, folder, model="lr", form="csv", out=None):
    return command.predict(run.only(model), Inputs([folder], "{patient}/{name}"), model, form, out)


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


def test_every_batch_is_in_the_file_at_once(run, folder, tmp_path):
    """What a power cut or a kill finds: rows must not wait in this process."""
    out, seen = tmp_path / "o.jsonl", []

    class Watching(Inputs):
        def __iter__(self):
            for item in super().__iter__():
                for _ in range(command.BATCH):
                    yield item
                seen.append(out.read_text().count("\n"))

    command.predict(run.only("lr"), Watching([folder / "white.png", folder / "bad.jpg"]), "lr", "jsonl", out)
    assert seen == [command.BATCH, 2 * command.BATCH]


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

    stream = command.rows(run.only("net"), Endless([folder]), Maker("net", "net", run.classes))
    for batch in itertools.islice(stream, 4):
        alive += len(batch)
    assert alive == 4 * command.BATCH
    assert next(made) <= alive + 2 * command.BATCH


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


def test_the_score_of_8_bits_is_not_passed_off_as_the_full_models(run):
    done = command.Summary(1, 0, 0, 0, 0, 1, 0, [])
    assert "in 8 bits" not in command.render_summary(done, run, "net")
    reduced = copy.copy(run)
    reduced.int8, reduced.scores_8_bit = True, {"net": 0.123}
    assert "the one in 8 bits, which answers, has 0.123 on" in command.render_summary(done, reduced, "net")
    assert "which answers, was not measured" in command.render_summary(done, reduced, "vote")
    assert "8 bits" not in command.render_summary(done, reduced, "lr")
    assert "there is no 8-bit version of it" in command.render_summary(done, reduced, "lr")


def test_the_score_of_the_model_that_answers_stands_beside_that_of_all_folds(run, exported, tmp_path):
    done = command.Summary(3, 0, 2, 1, 0, 3, 0, [])
    assert command.render_summary(done, run, "lr").count("0.") == 3  # that of all folds and its interval
    shutil.copytree(exported, tmp_path / "measured")
    write_json({"balanced_accuracy": 0.65}, tmp_path / "measured/metrics/export/lr.json")
    said = command.render_summary(done, load_run(tmp_path / "measured"), "lr")
    assert (
        "0.800 [0.700, 0.900], over all folds; predicted by fold 0's model, which has 0.650 on that fold's test" in said
    )
    assert "2 with warnings, 1 of them refused" in said
    assert "2 with warnings; " in command.render_summary(done._replace(n_refused=0), run, "lr")


def test_patients_that_nobody_named_are_missed_aloud(exported, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(exported)
    image = min(folder.rglob("*.png"))
    assert ended_with(monkeypatch, image, "--out", tmp_path / "a.csv", "--patients", tmp_path / "p.csv") == 0
    assert "p.csv holds no verdict, as no image has a patient" in capsys.readouterr().err


def test_a_patients_images_that_do_not_count_are_told():
    said = render_verdicts([Verdict("P1", 2, 1, "a", np.array([0.9, 0.1]), "", 1.0)], ["a", "b"])
    assert "1 of 2 a" in said.splitlines()[1]


def test_a_single_image_that_cannot_be_read_ends_with_1(exported, folder):
    done = subprocess.run(
        [sys.executable, "-m", "hemapipe.cli", "predict", str(folder / "bad.jpg")],
        cwd=exported, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ERROR no image format recognised" in done.stdout


def ended_with(monkeypatch, *words):
    """Run the command here and return its exit status."""
    monkeypatch.setattr(sys, "argv", ["hemapipe", "predict", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def test_the_status_counts_the_rows_that_were_there(exported, folder, tmp_path, monkeypatch):
    """The only file left is bad: of all rows, most could be read."""
    monkeypatch.chdir(exported)
    out, good, bad = tmp_path / "o.csv", folder / "white.png", folder / "bad.jpg"
    assert ended_with(monkeypatch, good, "--out", out) == 0
    assert ended_with(monkeypatch, good, bad, "--out", out, "--resume") == 0
    assert ended_with(monkeypatch, good, bad, "--out", out, "--resume") == 0
    assert ended_with(monkeypatch, bad, "--out", tmp_path / "b.csv") == 1
    assert ended_with(monkeypatch, bad, "--out", tmp_path / "b.csv", "--resume") == 1


def test_no_image_is_an_error_and_leaves_no_file(run, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/notes.txt").write_text("no image")
    with pytest.raises(HemapipeError, match=r"no image found \(1 other files left out\)"):
        command.predict(run.only("lr"), Inputs([tmp_path / "set"]), "lr", "csv", tmp_path / "o.csv")
    assert not (tmp_path / "o.csv").exists()


def test_verdicts_overwrite_nothing(exported, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(exported)
    out, patients = tmp_path / "o.csv", tmp_path / "new/patients.csv"
    words = [folder / "white.png", "--pattern", "{patient}/{name}", "--out", out]
    assert ended_with(monkeypatch, *words, "--patients", patients) == 0
    made = patients.read_text()
    patients.write_text("mine")
    out.unlink()
    assert "--patients another name" in ended_with(monkeypatch, *words, "--patients", patients)
    assert (patients.read_text(), out.exists()) == ("mine", False)
    assert "give two names" in ended_with(monkeypatch, *words, "--patients", out)
    assert ended_with(monkeypatch, *words) == 0
    assert ended_with(monkeypatch, *words, "--patients", patients, "--resume") == 0
    assert patients.read_text() == made
    assert "--resume needs --out" in ended_with(monkeypatch, folder, "--resume")


def test_a_stand_in_is_said(exported, folder, monkeypatch, capsys):
    monkeypatch.chdir(exported)
    choice = exported / "metrics/choice.json"
    before = choice.read_text()
    choice.write_text('{"recommended": "rf", "metric": "balanced_accuracy", "net": 0.4, "lr": 0.3, "rf": 0.9}')
    try:
        assert ended_with(monkeypatch, folder / "white.png") == 0
    finally:
        choice.write_text(before)
    assert "1 file by net" in (said := capsys.readouterr().err)
    assert "rf kept no weights: net, the best of the others by validation rows, stands in" in said


def test_a_format_is_asked_for_or_seen_in_the_name(tmp_path):
    assert [format_of("", None), format_of("", tmp_path / "a.CSV"), format_of("jsonl", None)] == [
        "table",
        "csv",
        "jsonl",
    ]
    with pytest.raises(HemapipeError, match="no format 'xlsx'"):
        format_of("", tmp_path / "a.xlsx")
