"""What the page says of explanations: a table of networks, one of classical models, warnings that name."""

import shutil
from pathlib import Path

import pytest
from finished_run import run_stages, write_inputs

from hemapipe.core.tables import write_json
from hemapipe.report import highlights
from stages import report

METHODS = ("saliency", "grad_cam")
NETWORK = {"n_images": 16, "looks_at_background": 0, "background_tellable": 1} | {
    f"{name}_{key}": value
    for name in METHODS
    for key, value in {
        "passed": 1, "background_ratio": 1.25, "background_ratio_low": 1.11, "background_ratio_high": 1.4,
    }.items()
}  # fmt: skip
CLASSICAL = {"n_images": 60, "looks_at_background": 1, "balanced_accuracy": 0.8, "top_attribute": "background_b_mean",
             "background_tellable": 1}  # fmt: skip
NAMED = {**CLASSICAL, "balanced_accuracy_lost_background_colour": 0.31}
NOT_KEPT = {"n_images": 0, "looks_at_background": 0, "background_tellable": 0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run whose network looks at nothing odd, whose `lr` does, and whose `knn` kept no weights."""
    root = tmp_path_factory.mktemp("run")
    write_inputs(root)
    found = {"lenet": {**NETWORK, "saliency_passed": 0}, "lr": NAMED, "knn": NOT_KEPT}
    for name, facts in found.items():
        write_json(facts, root / f"metrics/explain/{name}.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run_stages()
    return root


@pytest.fixture
def page(finished) -> str:
    return (finished / "report/index.html").read_text("utf-8")


def section(page: str) -> str:
    return page.split('<section id="explained">')[1].split("</section>")[0]


def test_methods_stand_in_one_order_with_ratio_and_limits(page):
    text = section(page)
    assert text.index("<th>Grad-CAM</th>") < text.index("<th>saliency</th>")
    assert "1.25" in text and "1.11 to 1.40" in text
    assert text.count("not believed") == 1


def test_a_classical_model_that_leans_on_the_background_is_named_in_the_warnings(page):
    assert "lr looks at the background of the images" in page.split("Before you believe a number")[1].split("</ul>")[0]
    text = section(page)
    assert "0.310" in text and "background b mean" in text


def test_a_model_without_weights_is_said_to_have_none(page):
    assert "knn: nothing to explain" in section(page)


def test_a_run_without_explanations_has_no_section(finished, tmp_path, monkeypatch):
    root = shutil.copytree(finished, tmp_path / "copy", ignore=shutil.ignore_patterns("explain"))
    monkeypatch.chdir(root)
    report.main()
    text = (root / "report/index.html").read_text("utf-8")
    assert 'id="explained"' not in text and "#explained" not in text


def test_warnings_name_all_models_in_one_sentence():
    both = {"b": NAMED, "a": {**NETWORK, "looks_at_background": 1}, "c": NOT_KEPT}
    assert highlights.looks(both) == ["a, b look at the background of the images: see what the models look at"]
    assert highlights.looks({"c": NOT_KEPT}) == []


def test_models_come_in_the_order_of_the_leaderboard():
    found = highlights.explained({"lr": NAMED, "lenet": NETWORK}, ["lenet", "vote", "lr"])
    assert [(one["name"], one["kind"], one["looks"]) for one in found] == [
        ("lenet", "network", False), ("lr", "classical", True),
    ]  # fmt: skip
