"""The page without a browser: what it is made of, its fragments, and what the settings change."""

import re

import pytest
from fake_run import FakeRun
from serve_files import files, jpeg, png, zipped
from typer.testing import CliRunner

from hemapipe.cli import app as command
from hemapipe.core.errors import HemapipeError
from hemapipe.serve import view, words
from hemapipe.serve.params import ServeParams, from_options
from hemapipe.serve.samples import samples

SCRIPT = {"x-requested-with": "fetch"}
BROWSER = {"accept": "text/html"}


def test_the_page_says_what_it_is_and_loads_nothing_from_elsewhere(client):
    page = client.get("/").text
    assert "Research use only" in page and "Nothing you send is kept" in page
    assert "recommended" in page and "0.840 – 0.930" in page
    assert "http://" not in page and "https://" not in page and "<script>" not in page and "style=" not in page
    for path in re.findall(r'(?:src|href)="((?:static|samples)/[^"]+)"', page):
        assert client.get(f"/{path}").status_code == 200
    style = client.get("/static/style.css").text
    assert "--accent" in style and ".drop" in style and "http" not in style


def test_what_is_found_is_a_fragment_for_the_script_and_a_page_for_a_browser(client):
    fragment = client.post("/look", files=files(("P1_a.png", png()), ("b.png", b"no")), headers=SCRIPT).text
    assert not fragment.startswith("<!DOCTYPE") and fragment.count('<details class="card') == 2
    assert "It cannot be read as an image" in fragment and "data:image/jpeg;base64," in fragment
    page = client.post("/look", files=files(("P1_a.png", png())), headers=BROWSER).text
    assert page.startswith("<!DOCTYPE") and "Research use only" in page and "Clinical notes" in page
    assert re.search(r"[123] of 3 models say", page) and "0.890" in page and "Why?" in page


def test_what_is_no_smear_is_not_judged(client):
    fragment = client.post("/look", files=files(("a.png", png((0, 0, 0)))), headers=SCRIPT).text
    assert "not judged" in fragment and "Perhaps no smear" in fragment and "Verdicts all the same" in fragment
    assert "Nuclear roundness" not in fragment


def test_errors_are_pages_to_a_browser_and_json_to_the_script(client):
    many = files(("a.txt", b"hello"))
    assert "<h1>Unprocessable" in client.post("/look", files=many, headers=BROWSER).text
    assert client.post("/look", files=many, headers=SCRIPT).json()["error"]["type"] == "unreadable_image"
    assert "<h1>Not Found" in client.get("/nothing", headers=BROWSER).text


def test_many_images_have_a_summary_by_patient_and_small_pictures(client):
    many = [(f"P{n % 2}_{n}.png", png()) for n in range(45)]
    fragment = client.post("/look", files=files(*many), data={"patients_from": "name"}, headers=SCRIPT).text
    assert "By patient" in fragment and fragment.count("<strong>P0</strong>") == 1
    assert "45 images" in fragment and 'class="outlined"' not in fragment
    assert view.picture_size(1) > view.picture_size(20) > view.picture_size(400)


def test_why_covers_parts_of_the_image_that_was_asked_about(client):
    packed = zipped({"a.jpg": jpeg(), "b.png": png()})
    told = client.post("/why", files=files(("z.zip", packed)), data={"entry": "b.png", "model": "rf"}, headers=SCRIPT)
    assert told.status_code == 200 and "Why rf says" in told.text and "data:image/jpeg" in told.text
    for fields, kind in (({"entry": "none"}, "invalid_request"), ({"model": "x"}, "unknown_model")):
        refused = client.post("/why", files=files(("z.zip", packed)), data=fields, headers=SCRIPT)
        assert refused.json()["error"]["type"] == kind
    refused = client.post("/why", files=files(("a.txt", b"no")), headers=SCRIPT)
    assert refused.json()["error"]["type"] == "unreadable_image"


def test_images_of_several_requests_are_looked_at_together(client_with):
    run = FakeRun()
    client_with(run, gather_ms=50).post("/look", files=files(*[(f"{n}.png", png()) for n in range(10)]))
    assert max(run.batches) > 3 and sum(run.batches) == 10


def test_samples_are_small_and_named_by_patient():
    found = samples()
    assert sum(len(sample.data) for sample in found.values()) < 200_000
    patients = {name.split("_")[0] for name, sample in found.items() if sample.kind == "several"}
    assert len(patients) == 2 and "no_smear.jpg" in found


def test_the_first_attributes_exist_and_percentages_are_never_certain():
    from hemapipe.cells.attributes import NAMES

    assert {one.name for one in words.FIRST} <= set(NAMES)
    assert [words.percent(p) for p in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]


def test_settings_are_checked_and_the_token_is_never_printed():
    assert from_options(["max_files=7"], port=1).max_files == 7
    for settings, given, told in (
        (["max_filez=7"], {}, "did you mean 'max_files'"),
        (["port=7"], {"port": 8}, "an option of its own"),
        (["file_mb=900"], {}, "file_mb <= request_mb"),
        ([], {"token": "secret"}, "at least 16"),
    ):
        with pytest.raises(HemapipeError, match=told) as error:
            from_options(settings, **given)
        assert "secret" not in str(error.value)
    assert "secret" not in repr(ServeParams(token="secret of sixteen letters"))


def test_only_this_machine_is_answered_unless_told_otherwise():
    assert ServeParams().host == "127.0.0.1" and "localhost" in ServeParams().hosts and ServeParams().rate is None
    assert ServeParams(host="0.0.0.0").hosts == () and ServeParams(host="0.0.0.0").rate == 300
    assert "--token" in CliRunner().invoke(command, ["serve", "--help"]).output


def test_a_class_and_a_screening_decision_that_contradict_each_other_are_marked(client):
    run = FakeRun()
    assert view.at_odds(run, "pre", "negative") and view.at_odds(run, "benign", "positive")
    assert not any(
        view.at_odds(run, *pair) for pair in (("pre", "positive"), ("benign", "negative"), ("pre", "refused"))
    )
