import json

import pytest
from papers_toy import interval, write_curves, write_run
from PIL import Image
from typer.testing import CliRunner

from hemapipe.core.errors import HemapipeError
from hemapipe.papers import figures, tradeoff, training_curves
from hemapipe.papers.claims import load_claims
from hemapipe.papers.cli import app
from hemapipe.papers.figures import about, draw_all


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def anand(results, name, n_folds=1, n_epochs=10, **facts):
    """Write a run of both optimisers."""
    run = write_run(results, name, {}, paper="anand2025", device="cpu", processor="a processor", cores=2, **facts)
    for row, rate in (("anand", 0.7), ("anand_adamax", 0.85)):
        epochs = [(f, e, 2 * rate**e, 1 - rate ** (e + 1), 2.5 * rate**e + f / 20, 0.95 - rate ** (e + 1) - f / 50)
                  for f in range(n_folds) for e in range(n_epochs)]  # fmt: skip
        write_curves(run, row, epochs)
    return run


def timed(results, name="rai2025-honest"):
    """Write a run with the times of two networks and a classical model."""
    others = {"cnn": {"accuracy": 0.9}, "rf": {"accuracy": 0.7}, "vote": {"accuracy": 0.9}}
    metrics = {"lenet": interval("accuracy", 0.8, 0.75, 0.84), **others}
    run = write_run(results, name, metrics, paper="rai2025", split="honest", processor="a processor", cores=2)
    (run / "metrics" / "train").mkdir()
    (run / "metrics" / "train" / "lenet.json").write_text('{"n_parameters": 60000}')
    (run / "metrics" / "train" / "rf.json").write_text('{"n_parameters": 0}')
    times = [
        {"stage": "extract_features", "name": "lite0", "images_per_second": 240.0, "seconds": 13.0},
        {"stage": "train_classical", "name": "rf", "images_per_second": 500.0, "seconds": 1.0},
        {
            "stage": "train_cnn",
            "name": "lenet",
            "images_per_second": 400.0,
            "ms_per_image": 2.5,
            "seconds_per_epoch": 1.5,
        },
        {"stage": "train_cnn", "name": "cnn", "ms_per_image": 12.5},
        {"stage": "train_leakage", "name": "", "seconds": 20.0},
    ]
    (run / "timings.json").write_text(json.dumps(times))
    return run


def test_pictures_are_small_and_of_equal_bytes(papers, tmp_path):
    anand(tmp_path / "results", "anand2025-honest", n_folds=5, split="honest")
    timed(tmp_path / "results")
    for folder in ("one", "two"):
        drawn = draw_all(papers, tmp_path / "results", tmp_path / folder)
    names = ["training-anand2025-honest.png", "tradeoff-rai2025-honest.png"]
    assert [path.name for path in drawn.pictures] == names
    assert drawn.untimed == ["anand2025-honest"]
    for name in names:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert first == second
        assert len(first) <= 60_000
        assert Image.open(tmp_path / "one" / name).mode == "P"


def test_costs_are_read_off_timings_and_sizes(tmp_path):
    network, plain = tradeoff.points(timed(tmp_path))  # neither features nor classical models
    assert plain == ("cnn", 0.9, 0.9, 0.9, {"ms_per_image": 12.5})
    assert network[:4] == ("lenet", 0.8, 0.75, 0.84)
    assert network.costs == {"seconds_per_epoch": 1.5, "n_parameters": 60000, "ms_per_image": 2.5}


def test_a_network_in_anothers_row_is_named(tmp_path):
    run = timed(tmp_path)
    (run / "params.yaml").write_text("cnn: {lenet: {builder: lenet}, cnn: {builder: timm, arch: resnet18}}")
    assert [one.name for one in tradeoff.points(run)] == ["lenet", "cnn: resnet18"]


def test_a_run_without_times_has_no_points(tmp_path):
    run = timed(tmp_path)
    (run / "timings.json").write_text("[]")
    assert tradeoff.points(run) == []
    (run / "timings.json").unlink()
    assert tradeoff.points(run) == []


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.9, 6, [1, 2, 5]),
        (0.9, 60, [1, 3, 10, 30]),
        (900, 2e6, [1e3, 1e4, 1e5, 1e6]),
        (9, 1.5e8, [1e2, 1e4, 1e6, 1e8]),
    ],
)
def test_round_numbers_that_do_not_crowd(low, high, expected):
    assert tradeoff.ticks(low, high) == pytest.approx(expected)


def test_numbers_are_short():
    assert [tradeoff.short(value) for value in (0.05, 20, 5000, 2e6, 1e9)] == ["0.05", "20", "5k", "2M", "1G"]


def test_the_papers_numbers_are_marked_where_they_are_meant(papers, tmp_path):
    adam, adamax = training_curves.models(papers["anand2025"], anand(tmp_path, "anand2025-published"))
    assert (adam.name, adamax.name) == ("CNN (Adam)", "CNN (Adamax)")
    ends = [str(claim.printed) for claim in training_curves.marked(adam, "accuracy", 30) if claim.epoch == 30]
    assert ends == ["0.970"]
    last = training_curves.marked(adamax, "log_loss", 30)
    assert [(claim.split, str(claim.printed)) for claim in last] == [("training", "0.210"), ("validation", "0.231")]
    assert training_curves.marked(adam, "accuracy", 0) == []


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ({"split": "published", "stand_in": ""}, 30),
        ({"split": "honest"}, 0),
        ({"split": "published", "stand_in": "synthetic"}, 0),
        ({"split": "published", "variant": "depth"}, 0),
    ],
)
def test_only_the_published_run_is_held_against_the_paper(papers, tmp_path, monkeypatch, facts, end):
    seen = []
    monkeypatch.setattr(figures.training_curves, "draw", lambda found, end, *words: seen.append((end, *words[:2])))
    anand(tmp_path, "anand2025-x", **facts)
    draw_all(papers, tmp_path, tmp_path)
    ((found, title, subtitle),) = seen
    assert found == end
    assert title == "CNN (Adam) against CNN (Adamax): anand2025-x"
    assert subtitle.startswith(f"{facts['split']} split · ")


def test_one_model_alone_is_no_comparison(papers, tmp_path):
    (anand(tmp_path, "anand2025-published") / "plots" / "train" / "anand.csv").unlink()
    assert draw_all(papers, tmp_path, tmp_path / "out").pictures == []


def test_what_a_run_was():
    origin = {"split": "published", "reduced": True, "device": "a GPU", "processor": "a processor", "cores": 4}
    words = "published split · one holdout · 1,200 test images · reduced · a GPU · a processor, 4 cores"
    assert about(origin, {"n_folds": 1}, 1200) == words
    assert about({"device": "cpu", "processor": "a processor", "cores": 2}, {}, 0) == "a processor, 2 cores"


def test_the_command_names_pictures_and_what_it_cannot_draw(tmp_path):
    timed(tmp_path / "results")
    write_run(tmp_path / "results", "older", {"lenet": {"accuracy": 0.5}})
    out = tmp_path / "img"
    found = CliRunner().invoke(app, ["plots", "--results", str(tmp_path / "results"), "--out", str(out)])
    assert found.exit_code == 0
    first, last = found.output.splitlines()
    assert first.startswith(f"{out / 'tradeoff-rai2025-honest.png'}: ")
    assert last == "No timings.json, so no picture of what accuracy costs: older"


def test_no_runs_is_an_error_that_says_what_to_do(papers, tmp_path):
    with pytest.raises(HemapipeError, match="--results"):
        draw_all(papers, tmp_path, tmp_path)
