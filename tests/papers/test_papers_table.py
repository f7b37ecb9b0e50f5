import json
from functools import partial

import pytest
from papers_toy import SIXTH, interval, load_changed, write_curves, write_run
from tiny_project import ROOT
from typer.testing import CliRunner

from hemapipe.core.errors import HemapipeError
from hemapipe.papers.checks import find
from hemapipe.papers.claims import load_claims
from hemapipe.papers.cli import app
from hemapipe.papers.markdown import MARKS, put_into, render, render_table
from hemapipe.papers.presets import networks
from hemapipe.papers.table import rows, to_json

KEYS = {"paper", "model", "split", "metric", "claimed", "recomputed", "ours", "low", "high", "reduced", "device"}


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def pick(table, paper, model, metric="accuracy", **wanted):
    keys = {"paper": paper, "model": model, "metric": metric, **wanted}
    return [row for row in table if all(row[key] == value for key, value in keys.items())]


def test_without_results_every_claim_has_two_rows_of_null(papers, tmp_path):
    table = rows(papers, tmp_path)
    assert all(set(row) >= KEYS for row in table)
    assert {row["ours"] for row in table} == {None}
    published, honest = pick(table, "rai2025", "AlexNet")
    assert (published["split"], honest["split"]) == ("published", "honest")
    assert (published["claimed"], published["recomputed"], published["reduced"]) == (0.893, 1430 / 1600, False)
    assert published["verdict"] == "no result"
    shown = [(r["paper"], r["model"], r["metric"], r["split"]) for r in table if r["headline"]]
    assert 0 < len(set(shown)) == len(shown) < len(table)
    every = {(c.paper, c.model, c.metric, c.split) for p in papers.values() for c in p.claims() if not c.epoch}
    assert {(r["paper"], r["model"], r["metric"], r["claimed_for"]) for r in table} == every


def test_recomputed_shows_the_swap(papers, tmp_path):
    precision = pick(rows(papers, tmp_path), "rai2025", "AlexNet", "precision_all")[0]
    assert precision["claimed"] == 0.995
    assert precision["recomputed"] == pytest.approx(0.868, abs=5e-4)


def test_ours_comes_from_both_runs_with_gap_and_verdict(papers, tmp_path):
    write_run(
        tmp_path,
        "yaseen2025-published",
        {"efficientnet_b3": interval("accuracy", 0.997, 0.99, 0.999)},
        device="H200",
        reduced=False,
    )
    write_run(tmp_path, "yaseen2025-honest", {"efficientnet_b3": interval("accuracy", 0.95, 0.93, 0.97)}, device="cpu")
    published, honest = pick(rows(papers, tmp_path), "yaseen2025", "EfficientNetB3")
    assert (published["ours"], published["low"], published["high"], published["device"]) == (0.997, 0.99, 0.999, "H200")
    assert published["verdict"] == "claim inside our interval"
    assert honest["gap"] == pytest.approx(0.047)
    assert honest["gap_low"] < 0.047 < honest["gap_high"]
    assert honest["verdict"].startswith("claim above our interval by 0.028; honest lower by 0.047 [0.0")
    assert published["gap"] is None


def test_stand_ins_and_reduced_runs_stand_beside_each_other(papers, tmp_path):
    for split, value in (("published", 0.9), ("honest", 0.8)):
        metrics = {"vgg16": interval("accuracy", value, value - 0.1, value + 0.1) | {"recall_blast": value}}
        write_run(tmp_path, f"rezayi2021-{split}-deepapl", metrics, stand_in="deepapl.zip", reduced=True)
        small = {"vgg16": {"accuracy": value - 0.1}}
        write_run(tmp_path, f"rezayi2021-{split}-cnmc_subset-reduced", small, stand_in="cnmc_subset", reduced=True)
    write_run(tmp_path, "rezayi2021-publishedx", {"vgg16": {"accuracy": 0.1}})  # another thing altogether
    table = rows(papers, tmp_path)
    found = pick(table, "rezayi2021", "VGG-16", split="honest", headline=True)
    assert [(row["run"], row["reduced"], row["stand_in"]) for row in found] == [
        ("rezayi2021-honest-cnmc_subset-reduced", True, "cnmc_subset"),
        ("rezayi2021-honest-deepapl", True, "deepapl.zip"),
    ]
    assert [round(row["gap"], 3) for row in found] == [0.1, 0.1]
    assert len(pick(table, "rezayi2021", "VGG-16", split="published", headline=True)) == 2
    assert "no test of the claim" in found[1]["verdict"]
    assert found[0]["device"] is None


def test_a_class_of_a_stand_in_is_found_under_its_own_name(papers, tmp_path):
    metrics = {"vgg16": {"recall_blast": 0.9, "recall_blast_low": 0.8, "recall_blast_high": 0.95}}
    write_run(tmp_path, "rezayi2021-published-deepapl", metrics, stand_in="deepapl")
    row = pick(rows(papers, tmp_path), "rezayi2021", "VGG-16", "recall_all", split="published")[0]
    assert (row["ours"], row["low"], row["high"], row["stand_in"]) == (0.9, 0.8, 0.95, "deepapl")


def test_a_published_accuracy_has_wilsons_interval_over_images(papers, tmp_path):
    # 650 of 651, as yaseen2025's 99.84 %: Wilson's 95 % interval is .9914 to .9997
    metrics = {"accuracy": 650 / 651, "accuracy_low": 0.9, "accuracy_high": 1.0, "n_test": 651}
    write_run(tmp_path, "yaseen2025-published", {"efficientnet_b3": metrics})
    write_run(tmp_path, "yaseen2025-honest", {"efficientnet_b3": {**metrics, "few_groups": 1, "n_groups": 29}})
    published, honest = pick(rows(papers, tmp_path), "yaseen2025", "EfficientNetB3")
    assert (published["low"], published["high"]) == (pytest.approx(0.99135, abs=5e-5), pytest.approx(0.99973, abs=5e-5))
    assert "Wilson over 651 images" in published["verdict"]
    assert (honest["low"], honest["high"]) == (0.9, 1.0) and "over 29 groups only" in honest["verdict"]


def test_another_network_in_the_papers_place_tests_no_claim(papers, tmp_path):
    run = write_run(tmp_path, "yaseen2025-published", {"efficientnet_b3": {"accuracy": 0.99}})
    (run / "params.yaml").write_text("cnn: {efficientnet_b3: {builder: fastai, arch: tf_efficientnet_lite0}}")
    meant = {"yaseen2025": {"efficientnet_b3": "efficientnet_b3"}}
    row = pick(rows(papers, tmp_path, meant), "yaseen2025", "EfficientNetB3")[0]
    assert row["network"] == "tf_efficientnet_lite0"
    assert row["verdict"].startswith("another network: no test of the claim")
    assert "efficientnet_b3 = tf_efficientnet_lite0" in render_table([row])
    (run / "params.yaml").write_text("cnn: {efficientnet_b3: {builder: fastai, arch: efficientnet_b3}}")
    row = pick(rows(papers, tmp_path, meant), "yaseen2025", "EfficientNetB3")[0]
    assert row["network"] is None and "claim above our figure" in row["verdict"]


def test_a_claim_of_seconds_is_held_against_our_times(papers, tmp_path):
    run = write_run(tmp_path, "rezayi2021-published", {"rezayi": {"accuracy": 0.8}})
    (run / "timings.json").write_text('[{"stage": "train_cnn", "name": "rezayi", "seconds_per_epoch": 40.5}]')
    row = pick(rows(papers, tmp_path), "rezayi2021", "CNN", "seconds_per_epoch", split="published")[0]
    assert (row["claimed"], row["ours"], row["headline"]) == (14, 40.5, False)


def test_two_rows_of_ours_for_one_model(papers, tmp_path):
    write_run(tmp_path, "rezayi2021-published", {"rf_pixels": {"accuracy": 0.8}, "rf_lite0": {"accuracy": 0.9}})
    found = pick(rows(papers, tmp_path), "rezayi2021", "RF", split="published")
    assert [(row["row"], row["ours"]) for row in found] == [("rf_pixels", 0.8), ("rf_lite0", 0.9)]


def test_rezayis_accuracy_is_scored_both_ways(papers, tmp_path):
    run = write_run(tmp_path, "rezayi2021-published", {"rezayi": interval("accuracy", 0.85, 0.8, 0.9)})
    write_curves(run, "rezayi", [(0, 0, 0.1, 0.9, 0.5, 0.7)])
    table = rows(papers, tmp_path)
    plain = pick(table, "rezayi2021", "CNN", split="published")[0]
    own = pick(table, "rezayi2021", "CNN", "accuracy_over_cycles", split="published")[0]
    assert (plain["claimed"], plain["ours"]) == (0.821, 0.85)
    assert (own["claimed"], own["ours"], own["low"]) == (0.821, pytest.approx(0.8), None)


def test_validation_in_place_of_test_is_said_in_the_verdict_of_rezayis_accuracy_alone(papers, tmp_path):
    for split in ("published", "honest"):
        run = write_run(tmp_path, f"rezayi2021-{split}", {"rezayi": interval("accuracy", 0.85, 0.8, 0.9)})
        write_curves(run, "rezayi", [(0, 0, 0.1, 0.9, 0.5, 0.7)])
    table = rows(papers, tmp_path)
    for row in pick(table, "rezayi2021", "CNN", "accuracy_over_cycles"):
        assert "validation accuracy stands in for test accuracy" in row["verdict"]
    assert not [row for row in pick(table, "rezayi2021", "CNN") if "stands in" in row["verdict"]]


def test_json_has_null_and_no_nan(papers, tmp_path):
    read = json.loads(to_json(rows(papers, tmp_path)))
    assert read[0]["ours"] is None
    assert set(read[0]) >= KEYS


def test_markdown_pairs_published_and_honest(papers, tmp_path):
    for split, value in (("published", 0.99), ("honest", 0.9)):
        values = {"efficientnet_b3": interval("accuracy", value, value - 0.01, value + 0.005)}
        write_run(tmp_path, f"yaseen2025-{split}", values, device="cpu")
    table = pick(rows(papers, tmp_path), "yaseen2025", "EfficientNetB3")
    line = render_table(table).splitlines()[2]
    assert line.startswith(
        "| EfficientNetB3 | accuracy | 0.9984 | – | 0.990 [0.980, 0.995] | 0.900 [0.890, 0.905] | "
        "efficientnet_b3, cpu | published: claim above our interval by 0.003; honest: claim above our "
        "interval by 0.093; honest lower by 0.090"
    )
    assert len(render_table(table).splitlines()) == 3


def test_a_split_without_result_is_a_dash_in_the_others_line(papers, tmp_path):
    write_run(tmp_path, "yaseen2025-published", {"efficientnet_b3": {"accuracy": 0.99}})
    lines = render_table(pick(rows(papers, tmp_path), "yaseen2025", "EfficientNetB3")).splitlines()
    assert len(lines) == 3
    assert "| 0.990 | – |" in lines[2]


def test_the_document_has_papers_findings_remarks_and_a_sixth_paper(tmp_path):
    papers = load_changed(tmp_path, lambda content: content["papers"].update(sixth2026=SIXTH))
    write_run(tmp_path, "sixth2026-honest", {"lenet": {"accuracy": 0.9, "recall_all": 0.9}})
    text = render(papers, rows(papers, tmp_path), find(papers), tmp_path)
    assert "344 / 509 = 67.6 %" in text
    assert "called red blood cells" in text
    assert "### sixth2026" in text
    assert "| Net | recall all | 0.95 | 0.9500 | – | 0.900 |" in text
    assert "### Between papers" in text
    assert text.count("| model | metric |") == 6


def test_the_table_in_the_docs_is_what_the_results_say(papers):
    text = render(papers, rows(papers, ROOT / "results", networks(ROOT)), find(papers), ROOT / "results")
    between = (ROOT / "docs/results.md").read_text().split(MARKS[0])[1].split(MARKS[1])[0]
    assert between.strip() == text.strip(), "`hemapipe papers table --into docs/results.md` brings it up to date"


def test_the_text_goes_between_the_marks_and_nowhere_else(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("\n".join(["before", MARKS[0], "old", MARKS[1], "after", ""]))
    put_into(path, "new\n")
    once = path.read_text()
    assert once == "\n".join(["before", MARKS[0], "", "new", "", MARKS[1], "after", ""])
    put_into(path, "new\n")
    assert path.read_text() == once
    path.write_text("no marks")
    with pytest.raises(HemapipeError, match="once each"):
        put_into(path, "new")
    assert path.read_text() == "no marks"


def test_the_command_prints_or_writes_markdown_or_json(tmp_path):
    write_run(tmp_path / "results", "yaseen2025-published", {"efficientnet_b3": {"accuracy": 0.99}})
    invoke = partial(CliRunner().invoke, app)
    words = ["table", "--results", str(tmp_path / "results")]
    printed = invoke([*words, "--json"])
    assert printed.exit_code == 0
    (row,) = pick(json.loads(printed.stdout), "yaseen2025", "EfficientNetB3", split="published")
    assert (row["claimed"], row["ours"]) == (0.9984, 0.99)
    assert invoke([*words, "--json", str(tmp_path / "new" / "rows.json")]).stdout == ""
    assert (tmp_path / "new" / "rows.json").read_text() == printed.stdout
    assert invoke(words).stdout.startswith("### rai2025\n")
    for wrong, message in (
        (["table", "--results", str(tmp_path / "reslts")], "there is no folder"),
        ([*words, "--json", "--into", "a.md"], "it goes alone"),
    ):
        found = invoke(wrong)
        assert isinstance(found.exception, HemapipeError) and message in str(found.exception)
