"""Model cards: filled from the run's own numbers, readable where some are missing, one per model."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_project import ROOT

from hemapipe import sources
from hemapipe.core.params import read_params
from hemapipe.core.tables import write_json
from hemapipe.report import leaderboard, words
from hemapipe.report.cards import More, plain, render, write_cards
from hemapipe.report.page import Run, class_names
from stages import report

NUMBER = re.compile(r"(?<![\w.])[+−]?\d[\d\u202f]*(?:\.\d+)?(?![\w.]*\w)")


@pytest.fixture(scope="module")
def run() -> Run:
    """The default run, from the metrics that the repository keeps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        params = read_params(ROOT / "params.yaml")
        models = leaderboard.listed(params["cnn"], params["classical"], params["ensemble"])
        scores = leaderboard.read_metrics(Path("metrics/evaluate"), models)
        sizes = leaderboard.read_metrics(Path("metrics/train"), models)
        names = ("catalog", "split", "augment", "environment", "leakage", "choice", "ties", "audit")
        flat = {name: report._read(name) for name in names}
        pairs = pd.read_csv(report.PAIRS)
        table = leaderboard.build(models, scores, sizes, "balanced_accuracy", flat["choice"]["recommended"], pairs)
        return Run(params=params, scores=scores, sizes=sizes, leaderboard=table, plots=Path("plots"), **flat)


def more(**known) -> More:
    source = sources.load("synthetic")
    return More(
        {key: getattr(source, key.upper()) for key in ("name", "title", "licence", "homepage", "citation")}, **known
    )


EXPORT = {
    "n_bytes": 13_488_035, "n_bytes_int8": 3_874_078, "n_test": 261, "balanced_accuracy": 0.6862,
    "balanced_accuracy_int8": 0.6797, "same_call_int8": 0.8544,
}  # fmt: skip
REJECT = {"n_strangers": 50, "refused": 0.98, "auroc": 0.9991, "n_test": 261, "test_refused": 0.023}
LOOKS = {
    "n_images": 16, "looks_at_background": 1, "background_tellable": 1,
    "grad_cam_passed": 1, "grad_cam_background_ratio": 1.4,
    "grad_cam_background_ratio_low": 1.2, "grad_cam_background_ratio_high": 1.7, "saliency_passed": 0,
    "occlusion_passed": 1, "occlusion_background_ratio": 1.9,
}  # fmt: skip
LEANS = {
    "n_images": 261, "looks_at_background": 0, "background_tellable": 0, "top_attribute": "nucleus_area",
    "balanced_accuracy_lost_lite0": 0.2204,
    "balanced_accuracy_lost_lite0_sd": 0.01, "balanced_accuracy_lost_nucleus_shape": -0.0113,
}  # fmt: skip


@pytest.fixture(scope="module")
def full(run) -> tuple[Run, More]:
    """The default run with all that only some runs have."""
    known = replace(run, explain={"tf_efficientnet_lite0": LOOKS, "rf": LEANS})
    return known, more(export={"tf_efficientnet_lite0": EXPORT, "rf": {"n_bytes": 1_127_212}}, reject=REJECT)


def shown(*facts: dict) -> set[str]:
    """Every number of flat metrics in each way a card may show it."""
    found = set()
    for value in (value for one in facts for value in one.values() if isinstance(value, int | float)):
        ways = (words.number, words.short, words.score, lambda one: f"{one:+.3f}", lambda one: f"{one:.2f}", str)
        found |= {re.sub(r"\u202f[GMk]$", "", way(value)).replace("-", "−") for way in ways}
        found |= {str(round(float(value), 3))}
    return found


@pytest.mark.parametrize("model", ["rf", "tf_efficientnet_lite0", "lenet", "stack", "vote"])
def test_every_number_is_one_of_the_runs(full, model):
    run, known = full
    flat = [run.catalog, run.split, run.augment, run.leakage, run.audit, run.choice, REJECT]
    of_it = [run.scores[model], run.sizes[model], known.export.get(model, {}), run.explain.get(model, {})]
    row = run.leaderboard[run.leaderboard["model"] == model].iloc[0].to_dict()
    rows = {**run.params["cnn"], **run.params["classical"], **run.params["ensemble"]}[model]
    settings = [rows, run.params["calibrate"], {"of": len(run.leaderboard), "percent": 95, "chance": 1}]
    texts = {"1.0", *re.findall(r"\d+", run.leakage["cnn_model"]), *run.environment.values()}
    text = render(run, known, model).partition("Made with")[0].replace(model, "")
    found = {one.group() for one in NUMBER.finditer(text)}
    assert len(found) > 80
    assert found - shown(*flat, *of_it, row, *settings) - texts - {"8", "32"} == set()  # 8 bits, 32 bits


@pytest.mark.parametrize("bare", [True, False])
def test_nothing_is_missing_from_a_text(run, full, bare):
    used, known = (replace(run, audit={}, leakage={}, choice={}), more()) if bare else full
    for model in used.leaderboard["model"]:
        text = render(used, known, model)
        assert not re.search(r"\bnan\b|\bNone\b|Undefined|\{\{|\{%", text), model
        assert "Not a medical device" in text
        assert f"--model {model}\n" in text
        for header, rule, row in re.findall(r"^(\|.*)\n(\|[-:|]+)\n(\|.*)$", text, re.MULTILINE):
            assert header.count("|") == rule.count("|") == row.count("|")


def test_the_hub_reads_the_head(full):
    from huggingface_hub import ModelCard

    data = ModelCard(render(*full, "rf")).data
    assert (data.license, data.pipeline_tag, data.library_name) == ("mit", "image-classification", "hemapipe")
    (result,) = data.eval_results
    assert result.metric_type == "balanced_accuracy"
    assert result.metric_value == round(full[0].scores["rf"]["balanced_accuracy"], 3)


def test_data_of_others_are_not_under_our_licence(run):
    taleqani = sources.load("taleqani")
    source = {key: getattr(taleqani, key.upper()) for key in ("name", "title", "licence", "homepage", "citation")}
    text = render(run, More(source), "rf")
    assert yaml.safe_load(text.split("---")[1])["license"] == "other"
    assert "as stated on Kaggle" in text
    assert "drawn by a program" not in text


def test_what_a_model_looks_at_is_told(full):
    network, forest, stack = (render(*full, model) for model in ("tf_efficientnet_lite0", "rf", "stack"))
    assert "**This model looks at the background.**" in network
    assert "| Grad-CAM | 1.400 | 1.200 to 1.700 | yes |" in network
    assert "| saliency | – | – | no |" in network
    assert "cannot be told: its features have no names" in forest  # no colour of the background among its blocks
    assert "| nucleus shape | −0.011 |" in forest
    assert "cards of its members" in stack
    clean = replace(full[0], explain={"rf": {**LEANS, "background_tellable": 1}})
    assert "No sign that this model looks at the background, by a limit" in render(clean, full[1], "rf")
    unknown = {**LOOKS, "looks_at_background": 0, "background_tellable": 0}
    failed = render(replace(full[0], explain={"lenet": unknown}), full[1], "lenet")
    assert "cannot be told: fewer than two methods passed" in failed and "No sign" not in failed


def test_figures_stand_beside_their_own_names(full):
    """One of each kind, read from the metrics: a swap of two would show."""
    score = full[0].scores["rf"]
    text = render(*full, "rf")
    for said, key in (("balanced accuracy", "balanced_accuracy"), ("macro F1", "macro_f1"), ("MCC", "mcc")):
        assert f"| {said} | {score[key]:.3f} | {score[key + '_low']:.3f} to {score[key + '_high']:.3f} |" in text
    for name in ("early", "pro"):
        assert f"| {name} | {score[f'recall_{name}']:.3f} (" in text


def test_sizes_and_8_bits(full):
    text = render(*full, "tf_efficientnet_lite0")
    assert "| size exported (ONNX) | 13.5\u202fMB, in 8 bits 3.87\u202fMB |" in text
    assert "| 8 bits (`--int8`) | 3.87\u202fMB | 0.680 |" in text
    assert "In 8 bits" not in render(*full, "rf")


@pytest.mark.parametrize(("without", "model"), [("rf", "rf"), ("rf", "vote"), ("lr", "rf")])
def test_a_model_without_weights_is_not_offered_for_prediction(run, without, model):
    text = render(run, more(export={without: {}}), model)
    assert ("it cannot predict" in text) == (without == "rf")
    assert ("hemapipe predict" in text) == (without != "rf")


def test_limits_follow_from_the_numbers(run):
    assert "wanted 0.95" in render(run, more(), "rf")
    good = {**run.scores["rf"], "screen_sensitivity": 0.97, "patient_sensitivity": 1.0}
    assert "wanted 0.95" not in render(replace(run, scores={**run.scores, "rf": good}), more(), "rf")
    leaky = replace(run, split={**run.split, "leak_patients": 7}, audit={"n_inflates": 2})
    text = render(leaky, more(), "rf")
    assert "- 7 test samples share their patient with training or validation." in text
    assert "would inflate results: 2." in text
    weakest = min(class_names(run), key=lambda one: run.scores["rf"][f"recall_{one}"])
    assert f"finds {weakest} worst" in text


def test_patients_nobody_names_are_unknown(run):
    scores = {name: {**score, "patient_unit": "group"} for name, score in run.scores.items()}
    text = render(replace(run, catalog={**run.catalog, "n_patients": 0}, scores=scores), more(), "rf")
    assert "| their patient | unknown |" in text
    assert "Nobody names the patients" in text
    assert "| sensitivity, by group |" in text
    assert "Nobody names" not in render(run, more(), "rf")


def test_no_screening_where_nothing_is_looked_for(run):
    params = {**run.params, "calibrate": {"positive": [], "sensitivity": 0.95, "cost": None}}
    bare = {key: value for key, value in run.scores["rf"].items() if not key.startswith(("screen", "patient_s"))}
    text = render(replace(run, params=params, scores={**run.scores, "rf": bare}), more(), "rf")
    assert "creening" not in text


def test_names_of_the_user_are_shown_as_they_are():
    assert plain("a|b <i>*x*  _y_ a_b") == r"a\|b \<i\>\*x\* \_y\_ a_b"


def test_cards_of_models_that_went_go(run, tmp_path):
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "old.md").touch()
    write_cards(run, more(), folder)
    assert {path.stem for path in folder.iterdir()} == set(run.leaderboard["model"])
    before = (folder / "rf.md").read_bytes()
    write_cards(run, more(), folder)
    assert (folder / "rf.md").read_bytes() == before


def test_the_stage_reads_what_there_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json({"n_bytes": 5}, "metrics/export/rf.json")
    found = report._more("taleqani", {"rf": "classical", "vote": "ensemble"})
    assert found.export == {"rf": {"n_bytes": 5}}
    assert found.reject == {}
    assert found.source["name"] == "taleqani"
