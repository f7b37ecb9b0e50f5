"""The audit of a path from end to end: a generated archive held against its own truth, folders, and bad input."""

import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from audit_examples import fields, inputs_of
from PIL import Image

from hemapipe import archive, cli
from hemapipe.audit import collect, command
from hemapipe.audit.core import Audit
from hemapipe.audit.probes import NAMES
from hemapipe.audit.summary import machine_readable
from hemapipe.core.errors import HemapipeError

FAULTS = {"n_exact_repeats": 4, "n_near_repeats": 4, "n_conflicts": 1, "n_truncated": 1, "n_unreadable": 1}


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A generated archive with faults: its truth, the text, the JSON and the page of its audit."""
    folder = tmp_path_factory.mktemp("audit")
    path = fields(folder / "fields.zip", n_patients=6, n_images=48, px=96, **FAULTS)
    with zipfile.ZipFile(path) as opened:
        truth = pd.read_csv(io.BytesIO(opened.read("truth/faults.csv")), keep_default_na=False)
    text = command.audit_path(path, "", folder / "audit.json", folder / "audit.html", 1)
    return truth, text, json.loads((folder / "audit.json").read_text()), (folder / "audit.html").read_text()


def test_json_is_the_truth(audited):
    truth, _, found, _ = audited
    of = dict(iter(truth.groupby("fault")))
    pairs = {
        fault: sorted(sorted(pair) for pair in of[fault][["path", "of_path"]].to_numpy().tolist())
        for fault in ("exact_repeat", "near_repeat", "conflict")
    }
    assert list(found) == [
        "images", "labels", "patients", "unreadable", "truncated", "exact_repeats", "near_repeats",
        "contradictory_labels", "probes", "verdicts", "quality", "outliers", "suspected_labels",
    ]  # fmt: skip
    assert found["images"] == sum(found["labels"].values()) == 57 and found["patients"] == 6
    assert found["unreadable"] == of["unreadable"]["path"].to_list()
    assert found["truncated"] == of["truncated"]["path"].to_list()
    assert found["contradictory_labels"] == pairs["conflict"]
    assert found["exact_repeats"] == sorted(pairs["exact_repeat"] + pairs["conflict"])
    assert found["near_repeats"] == pairs["near_repeat"]


def test_every_probe_is_there_with_its_interval(audited):
    probes = audited[2]["probes"]
    assert list(probes) == list(NAMES)
    for probe in probes.values():
        assert set(probe) == {"balanced_accuracy", "low", "high", "chance", "split"}
        assert 0 <= probe["low"] <= probe["balanced_accuracy"] <= probe["high"] <= 1 and probe["chance"] == 0.5
        assert probe["split"].startswith("whole groups")


def test_the_text_names_each_verdict(audited):
    _, text, _, _ = audited
    assert text.startswith("57 image files; benign")
    for words in ("[would inflate results] Exact repeats", "[would inflate results] Near repeats", "[warning] Damaged"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 115


def test_several_numbers_of_one_person_are_one_patient(tmp_path):
    rows = [{"label": "a", "patient": f"p{n}", "person": "p0+p1" if n < 2 else ""} for n in range(3)]
    found = Audit(inputs_of(rows, tmp_path), [], {})
    assert machine_readable(found)["patients"] == 2
    assert command.render(found).startswith("3 image files; a 3; 2 patients known")


def test_the_page_needs_no_network_and_shows_the_images(audited):
    truth, _, _, html = audited
    assert not re.findall(r"(?:src|href)=[\"'](?!data:image/jpeg;base64,|#)", html) and "@import" not in html
    for path in truth.loc[truth["fault"].isin(["exact_repeat", "near_repeat", "conflict", "truncated"]), "path"]:
        assert f'alt="{path}"' in html
    assert len(html) < 2_000_000


def picture(seed, kind):
    pixels = np.random.default_rng(seed).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.BICUBIC).save(buffer, kind)
    return buffer.getvalue()


def test_a_folder_of_all_formats_without_labels(tmp_path):
    folder = tmp_path / "<b>mine"
    folder.mkdir()
    for seed, (suffix, kind) in enumerate({"bmp": "BMP", "tif": "TIFF", "png": "PNG", "jpg": "JPEG"}.items()):
        (folder / f"{seed}.{suffix}").write_bytes(picture(seed, kind))
    (folder / "copy.tif").write_bytes(picture(0, "TIFF"))  # equal pixels, other bytes
    (folder / "empty.png").write_bytes(b"")
    text = command.audit_path(folder, "", tmp_path / "a.json", tmp_path / "a.html", 1)
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["images"], found["labels"], found["patients"], found["probes"]) == (6, {}, 0, {})
    assert found["exact_repeats"] == [["0.bmp", "copy.tif"]] and found["unreadable"] == ["empty.png"]
    assert "Give labels by --pattern" in text
    html = (tmp_path / "a.html").read_text()
    assert "&lt;b&gt;mine" in html and "<b>mine" not in html


def test_a_folder_whose_files_no_decoder_opens(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.png").write_bytes(b"no picture")
    text = command.audit_path(tmp_path / "set", "", tmp_path / "a.json", tmp_path / "a.html", 1)
    assert "1 unreadable (a.png)" in text


@pytest.mark.parametrize(
    ("names", "pattern", "expected"),
    [
        (["images/P01/benign/P01-001.jpg"], "", ("benign", "P01")),
        (["images/Patient_07/blast/x.jpg"], "", ("blast", "Patient_07")),
        (["a/Original/Pro/WBC-Malignant-Pro-001.jpg"], "", ("pro", "")),
        (["fold_0/all/UID_11_1_1_all.bmp"], "", ("all", "11")),
        (["cat/1.png"], "", ("", "")),
        (["cat/tom/1.png"], "{label}/{patient}/{name}", ("cat", "tom")),
    ],
)
def test_labels_and_patients_by_layout_or_pattern(tmp_path, names, pattern, expected):
    path = tmp_path / "raw.zip"
    archive.pack({}, path, dict.fromkeys(names, b""))
    table = collect.describe(path, names, path, pattern).table
    assert tuple(table.loc[0, ["label", "patient"]]) == expected


def test_a_list_of_files(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(number, "PNG"))
    (tmp_path / "list.csv").write_text("path,label,patient\n0.png,a,p\n1.png,b,q\n2.png,b,q\n")
    with collect.collected(tmp_path / "list.csv", "", 1) as inputs:
        assert inputs.manifest[["label", "patient"]].to_numpy().tolist() == [["a", "p"], ["b", "q"], ["b", "q"]]


@pytest.mark.parametrize(
    ("make", "pattern", "message"),
    [
        (None, "", "not found"),
        (b"plain text", "", "neither a zip archive, a folder nor a CSV"),
        ({"readme.txt": b"x"}, "", "no image in the archive"),
        ({"readme.txt": b"x"}, "", r"checked .*mine\.zip"),
        ({"a/1.png": b""}, "{nobody}/{name}", "--pattern '{nobody}/{name}': a pattern needs {label}.* at most once$"),
        ({"a/1.png": b""}, "x/{label}/{patient}/{name}", "^the pattern .* matches no path such as 'a/1.png'"),
    ],
)
def test_bad_input_is_said_early(tmp_path, make, pattern, message):
    path = tmp_path / "mine.zip"
    if isinstance(make, bytes):
        path.write_bytes(make)
    elif make:
        archive.pack({}, path, make)
    with pytest.raises(HemapipeError, match=message):
        command.audit_path(path, pattern, None, None, 1)


def test_an_output_that_cannot_be_written_is_said_before_any_work(tmp_path):
    archive.pack({}, tmp_path / "mine.zip", {"a.png": b""})
    before = (tmp_path / "mine.zip").read_bytes()
    twice = tmp_path / "a.json"
    for path, json_file, html_file in (
        (tmp_path, tmp_path / "missing" / "a.json", None),
        (tmp_path, None, tmp_path / ("x" * 300)),
        (tmp_path, twice, twice),
        (tmp_path / "mine.zip", tmp_path / "mine.zip", None),
    ):
        with pytest.raises(HemapipeError, match=r"cannot write|named twice"):
            command.audit_path(path, "", json_file, html_file, 1)
    command.require_writable([twice], tmp_path)
    assert not twice.exists() and (tmp_path / "mine.zip").read_bytes() == before


def test_an_empty_class_folder_does_not_end_the_audit(tmp_path):
    for name in ("set/a", "set/b"):
        (tmp_path / name).mkdir(parents=True)
    for seed in range(2):
        (tmp_path / "set/a" / f"{seed}.png").write_bytes(picture(seed, "PNG"))
    with collect.collected(tmp_path / "set", "{label}/{name}", 1) as inputs:
        assert inputs.empty_classes == ("b",) and inputs.numbered
        assert inputs.manifest["sequence"].tolist() == ["1", "2"]


def test_hashes_alone_write_where_they_can_and_nowhere_else(tmp_path):
    (tmp_path / "list.csv").write_text(f"sha256,path\n{'a' * 64},x\n{'a' * 64},y\n")
    with pytest.raises(HemapipeError, match="cannot write"):
        command.audit_hash_list(tmp_path / "list.csv", tmp_path)
    with pytest.raises(HemapipeError, match="cannot write"):
        command.audit_hash_list(tmp_path / "list.csv", tmp_path / "missing" / "a.json")
    command.audit_hash_list(tmp_path / "list.csv", tmp_path / "a.json")
    assert list(json.loads((tmp_path / "a.json").read_text())) == ["files", "repeats", "subjects", "persons"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "give a folder or archive of images"),
        (("--hashes", "x.csv", "--html", "x.html"), "--pattern and --html have no meaning"),
        (("--hashes", "x.csv", "--pattern", "{label}"), "--pattern and --html have no meaning"),
    ],
)
def test_options_without_a_meaning_are_refused(arguments, message):
    with pytest.raises(HemapipeError, match=message):
        cli.app(["audit", *arguments], standalone_mode=False)


def test_a_list_has_its_own_labels(tmp_path):
    (tmp_path / "list.csv").write_text("path,label\n0.png,a\n")
    with pytest.raises(HemapipeError, match="leave --pattern out"):
        command.audit_path(tmp_path / "list.csv", "{label}/{name}", None, None, 1)


@pytest.mark.slow
def test_taleqani_background_and_repeats(shared_data, tmp_path):
    command.audit_path(shared_data / "taleqani.zip", "", tmp_path / "a.json", None, 2)
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["images"] == 3256 and sum(len(paths) - 1 for paths in found["exact_repeats"]) == 40
    assert found["probes"]["background_colour"]["low"] > found["probes"]["background_colour"]["chance"]
