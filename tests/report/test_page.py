"""The three last stages on a made-up run, and the page they end in: whole, self-contained, equal each time."""

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from finished_run import LEAKAGE, MODELS, run_stages, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_json
from hemapipe.report import highlights
from hemapipe.report.page import patients_to_look_at
from stages import compare, report


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder after evaluate, compare and report."""
    root = tmp_path_factory.mktemp("run")
    write_inputs(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run_stages()
    return root


@pytest.fixture
def copy(finished, tmp_path, monkeypatch):
    """A copy of the finished run to change, as the current folder."""
    root = shutil.copytree(finished, tmp_path / "copy")
    monkeypatch.chdir(root)
    return root


def page(root) -> str:
    return (root / "report/index.html").read_text("utf-8")


def test_outputs(finished):
    found = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    assert {"metrics/compare.json", "metrics/environment.json", "report/index.html", "report/measured_here.js"} <= found
    assert {f"plots/evaluate/lr/{name}.{kind}" for name in ("confusion", "roc") for kind in ("csv", "png")} <= found
    assert {"plots/compare/leaderboard.csv", "plots/compare/leaderboard.png"} <= found
    assert {name for name in found if "learning_curves" in name} == {"plots/compare/learning_curves/lenet.png"}
    assert json.loads((finished / "metrics/compare.json").read_text())["best_model"] == "lr"


def test_metrics_are_flat_and_finite(finished):
    for model in MODELS:
        values = json.loads((finished / f"metrics/evaluate/{model}.json").read_text())
        assert all(isinstance(value, int | float) for key, value in values.items() if key != "patient_unit")
        assert values["n_test"] == 60


def test_the_page_needs_nothing_else(finished):
    text = page(finished)
    assert not re.search(r"(src|href)=\"(?!data:image/png|#|measured_here\.js\"|audit\.html\")", text)
    assert "http://" not in text and "https://" not in text and "@import" not in text
    assert text.count("data:image/png;base64,") == 5 * 4 + 1 + 1


def test_the_page_tells_the_run(finished):
    text = page(finished)
    for model in MODELS:
        values = json.loads((finished / f"metrics/evaluate/{model}.json").read_text())
        assert f'id="model-{model}"' in text
        assert f"<strong>{values['balanced_accuracy']:.3f}</strong>" in text
        assert f"{values['balanced_accuracy_low']:.3f} to {values['balanced_accuracy_high']:.3f}" in text
    assert "Research use only" in text
    assert "patients in two classes: &lt;P07&gt;" in text  # escaped
    assert "No patient and no exact repeat is shared with training." in text
    assert "61.7\u202fk" in text and "n_resamples: 50" in text
    ranks = [text.index(f'href="#model-{name}"') for name in ("lr", "vote", "knn", "lenet")]
    assert ranks == sorted(ranks)


def test_the_top_names_the_price_and_the_recommended_model(finished):
    text = page(finished)
    choice = json.loads((finished / "metrics/choice.json").read_text())
    top = text[: text.index("</header>")]
    assert "<b>+0.200</b>" in top and "+0.110 to +0.290" in top
    assert f"<b>{choice['recommended']}</b>" in top
    assert f"balanced accuracy of {choice[choice['recommended']]:.3f}" in top
    assert "A split by image would flatter a model here by 0.20" in text
    assert "looks +0.200 better than it is" in text and "differs by −0.010, which may be chance" in text
    assert "58 of them had a sibling" in text
    order = [text.index(f'id="{name}"') for name in ("price", "leaderboard", "audit", "data", "split", "models")]
    assert order == sorted(order)
    assert "of only 12 groups: every interval is rough" in text


def test_a_rare_class_is_marked_in_the_leaderboard(finished, copy):
    meaning = "rarest class has test images of only 4 groups"
    board = page(finished).split('id="leaderboard"')[1].split("</section>")[0]
    assert "interval †" in board and f"† The {meaning}" in board
    assert f"the {meaning}" in page(finished).split('id="leaderboard"')[0]  # among the warnings
    for name in MODELS:
        values = json.loads((copy / f"metrics/evaluate/{name}.json").read_text())
        write_json(values | {"n_groups_rarest": 6, "few_groups_rarest": 0}, f"metrics/evaluate/{name}.json")
    report.main()
    assert "†" not in page(copy)


@pytest.mark.parametrize("without", [["lr"], list(MODELS)])
def test_numbers_without_an_interval_are_told_without_one(copy, without):
    for name in without:
        values = json.loads((copy / f"metrics/evaluate/{name}.json").read_text())
        gone = ("balanced_accuracy_low", "balanced_accuracy_high", "recall_pro_low", "recall_pro_high")
        write_json({key: value for key, value in values.items() if key not in gone}, f"metrics/evaluate/{name}.json")
    compare.main()
    pairs = pd.read_csv("plots/compare/pairs.csv")
    pairs.loc[0, ["low", "high", "p", "p_holm"]] = None
    pairs.to_csv("plots/compare/pairs.csv", index=False)
    report.main()
    board = page(copy).split('id="leaderboard"')[1].split("</section>")[0]
    assert board.count(">none</small>") == len(without) and "nan" not in board
    assert page(copy).count("<tr><td>pro</td>") == len(MODELS) + 2  # images, variants, and each model


def test_models_are_held_against_the_recommended_one(finished):
    board = page(finished).split('id="leaderboard"')[1].split("</section>")[0]
    table = pd.read_csv(finished / "plots/compare/leaderboard.csv")
    assert board.count(">recommended</span>") == 1
    for row in table[table["recommended"] == 0].to_dict("records"):
        assert f">{row['verdict']}</span>" in board
        assert f"{row['difference']:+.3f} [".replace("-", "−") in board
    assert 'class="ensemble">ensemble' in board


def test_thresholds_and_patients_of_each_model(finished):
    for name in MODELS:
        values = json.loads((finished / f"metrics/evaluate/{name}.json").read_text())
        part = page(finished).split(f'id="model-{name}"')[1].split("</details>")[0]
        for key in ("screen_sensitivity", "screen_specificity", "patient_accuracy_vote"):
            assert f"{values[key + '_low']:.3f} – {values[key + '_high']:.3f}" in part
        assert f"<td>{values['at_threshold_sensitivity_early']:.3f}" in re.sub(r"<td>\s+", "<td>", part)
        assert f"Per {values['patient_unit']}: {values['n_patients_scored']}" in part


def test_patients_to_look_at_are_the_wrong_and_the_unsure(tmp_path):
    rows = [("P1", 9, "a", "a", 0.9, 0.8, False), ("P2", 9, "a", "b", 0.6, 0.2, False),
            ("P3", 9, "b", "a", 0.8, 0.6, False), ("P4", 2, "a", "a", 0.9, 0.8, True)]  # fmt: skip
    fields = ["unit", "n_images", "label", "by_mean", "confidence", "margin", "uncertain"]
    pd.DataFrame(rows, columns=fields).assign(by_vote="a").to_csv(tmp_path / "p.csv", index=False)
    found = patients_to_look_at(tmp_path / "p.csv")
    assert [row["unit"] for row in found["rows"]] == ["P3", "P2", "P4"]
    assert (found["more"], found["of"]) == (0, 4)
    assert patients_to_look_at(tmp_path / "none.csv") == {}


def test_audit_and_near_repeats(finished):
    text = page(finished)
    assert '<span class="pill inflates">would inflate results</span>' in text
    assert "The border alone reaches .90 &lt;b&gt;." in text and 'href="audit.html"' in text
    assert "<td>pairs of near repeats</td><td>7</td>" in text


def test_without_what_only_some_runs_have(copy):
    for name in ("leakage", "choice", "ties", "audit"):
        (copy / f"metrics/{name}.json").unlink()
    for name in ("plots/compare/pairs.csv", "plots/evaluate/lr/patients.csv", "plots/evaluate/lr/patients.png"):
        (copy / name).unlink()
    old = json.loads((copy / "metrics/evaluate/lr.json").read_text())
    kept = {key: value for key, value in old.items() if not re.search("patient|screen|threshold|few_groups", key)}
    write_json(kept, "metrics/evaluate/lr.json")
    params = yaml.safe_load((copy / "params.yaml").read_text())
    older = {key: value for key, value in params.items() if key not in ("audit", "price_leakage", "find_ties")}
    (copy / "params.yaml").write_text(yaml.safe_dump(older, sort_keys=False))
    report.main()
    assert "best by balanced accuracy on test images" in page(copy)
    for word in ("price of leaking:", 'id="price"', 'id="audit"', "recommended</span>", "pairs of near repeats"):
        assert word not in page(copy)


def test_without_a_table_of_verdicts_the_metrics_name_them(copy):
    (copy / "plots/audit/verdicts.csv").unlink()
    report.main()
    assert '<span class="pill inflates">would inflate results</span></div><div><strong>border</strong></div>' in page(
        copy
    )


def test_a_price_without_an_interval(copy):
    bare = {key: value for key, value in LEAKAGE.items() if not key.startswith(("lr_gap_", "lr_image_"))}
    write_json(bare, "metrics/leakage.json")
    report.main()
    assert "logistic regression on lite0 differs by +0.200 (no interval)" in page(copy)


def test_a_price_that_could_not_be_measured(copy):
    note = "no honest split is possible: class 'x' has only 1 unit(s) to divide"
    write_json({"n_test": 0, "scheme_honest": "none", "note": note}, "metrics/leakage.json")
    report.main()
    assert "The price of leaking could not be measured." in page(copy)
    assert "no honest split is possible: class &#39;x&#39;" in page(copy)


def test_equal_results_give_an_equal_page_whatever_the_times(copy):
    before = page(copy)
    times = {"stage": "train_cnn", "name": "lenet", "seconds": 61.2, "seconds_per_epoch": 3.21}
    write_json(times, "data/timing/train_cnn-lenet.json")
    compare.main()
    report.main()
    assert page(copy) == before
    script = (copy / "report/measured_here.js").read_text()
    assert json.loads(script.removeprefix("window.measuredHere = ").rstrip(";\n")) == [times]


def test_without_times_the_page_says_so(finished):
    assert "not measured on this machine" in page(finished)
    assert (finished / "report/measured_here.js").read_text() == "window.measuredHere = [];\n"


def test_a_leak_is_said_at_the_top(copy):
    split = json.loads((copy / "metrics/split.json").read_text()) | {"leak_patients": 17}
    write_json(split, "metrics/split.json")
    report.main()
    assert "17 test samples share their patient with training or validation" in page(copy)
    assert "Some of them leak into training" in page(copy)
    assert "No patient and no exact repeat" not in page(copy)


def test_a_source_without_patients_is_not_called_patient_safe(copy):
    write_json(json.loads((copy / "metrics/catalog.json").read_text()) | {"n_patients": 0}, "metrics/catalog.json")
    report.main()
    assert "the source names no patients" in page(copy)


def test_one_fold_and_an_undefined_metric(copy):
    path = copy / "metrics/evaluate/lr.json"
    values = {name: value for name, value in json.loads(path.read_text()).items() if not name.endswith("_sd")}
    path.write_text(json.dumps({name: value for name, value in values.items() if not name.startswith("kappa")}))
    compare.main()
    report.main()
    assert 'id="model-lr"' in page(copy)


def test_an_unlisted_model_does_not_count(copy):
    (copy / "metrics/evaluate/stale.json").write_text(json.dumps({"balanced_accuracy": 1.0}))
    compare.main()
    assert "stale" not in set(pd.read_csv("plots/compare/leaderboard.csv")["model"])


def test_a_listed_model_without_metrics_stops_the_stage(copy):
    (copy / "metrics/train/knn.json").unlink()
    with pytest.raises(HemapipeError, match=r"metrics/train lacks knn"):
        compare.main()


def test_the_page_works_in_a_browser(copy):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no browser on this machine: install Debian's chromium to run it")
    times = {
        "stage": "train_cnn",
        "name": "lenet",
        "seconds": 61.2,
        "seconds_per_epoch": 3.21,
        "images_per_second": 312.4,
    }
    write_json(times, "data/timing/train_cnn-lenet.json")
    report.main()
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"file://{copy}/report/index.html",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert re.search(r'data-model="lenet" data-field="seconds_per_epoch">3\.21<', shown)
    assert re.search(r'data-model="lenet" data-field="images_per_second">312<', shown)
    assert "<td>train_cnn lenet</td><td>61.2</td>" in shown


@pytest.mark.parametrize(
    ("low", "high", "headline", "verdict"),
    [
        (0.1, 0.3, "would flatter a model here by 0.20", "better than it is"),
        (-0.1, 0.3, "makes no difference that shows", "may be chance"),
        (-0.3, -0.1, "makes no difference that shows", "worse than it is"),
    ],
)
def test_the_price_in_words(low, high, headline, verdict):
    alone = {key: value for key, value in LEAKAGE.items() if not key.startswith("cnn")}
    found = highlights.price(alone | {"lr_gap_low": low, "lr_gap_high": high})
    assert headline in found["headline"] and verdict in found["models"][0]["verdict"]
    assert highlights.price({}) is None
    place = found["models"][0]["place"]
    assert (place["honest_low"], place["image_high"]) == (0, 100)
    assert place["honest"] == pytest.approx(100 * 0.08 / 0.31, abs=0.01)
