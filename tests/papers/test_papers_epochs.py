import pandas as pd
import pytest
from papers_toy import load_changed, write_curves, write_run

from hemapipe.papers.checks import find
from hemapipe.papers.claims import load_claims
from hemapipe.papers.epochs import followed, last_epoch, over_folds, read_curves, tables
from hemapipe.papers.markdown import render
from hemapipe.papers.table import rows


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def lines_of(table, model):
    """Return the cells behind the model's name, by epoch."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {int(line[1]): line[2:] for line in cells if line[0] == model}


def test_only_a_paper_that_names_epochs_is_followed(papers):
    assert {name for name, paper in papers.items() if followed(paper)} == {"anand2025"}
    claims = followed(papers["anand2025"])
    assert list(claims) == ["CNN (Adam)", "CNN (Adamax)"]
    assert {claim.metric for of in claims.values() for claim in of} == {"accuracy", "log_loss"}
    assert not [claim for claim in claims["CNN (Adamax)"] if claim.split == "test"]  # those are of no training
    assert last_epoch(papers["anand2025"]) == 30


def test_the_last_epoch_is_the_last_printed_where_none_is_stated(tmp_path):
    paper = load_changed(tmp_path, lambda content: content["papers"]["anand2025"]["stated"].pop("epochs"))["anand2025"]
    assert last_epoch(paper) == 30
    assert last_epoch(load_claims()["rai2025"]) == 5


def test_epochs_count_from_one_and_what_is_not_there_is_empty(tmp_path):
    run = write_run(tmp_path, "anand2025-published", {})
    assert read_curves(run, "anand") is None
    write_curves(run, "anand", [(0, 0, 1.0, 0.5, None, None)])
    curves = read_curves(run, "anand")
    assert curves["epoch"].tolist() == [1]
    assert curves["val_accuracy"].isna().all()


def test_a_fold_that_stops_early_ends_the_mean():
    curves = pd.DataFrame({"fold": [0, 0, 1], "epoch": [1, 2, 1], "val_accuracy": [0.5, 0.9, 0.7]})
    assert over_folds(curves)["val_accuracy"].to_dict() == {1: pytest.approx(0.6)}


def test_ours_stand_beside_the_claims_of_the_epoch(papers, tmp_path):
    run = write_run(tmp_path, "anand2025-published-reduced", {}, reduced=True, device="cpu")
    write_curves(run, "anand", [(0, e, 1 / (e + 1), 0.5 + e / 100, 2 / (e + 1), 0.4 + e / 100) for e in range(7)])
    write_curves(run, "anand_adamax", [(fold, e, 1.0, 0.5 + fold / 10, 1.0, 0.5) for fold in (0, 1) for e in range(5)])
    (table,) = tables(papers["anand2025"], tmp_path)
    assert table.startswith("Training of `anand2025-published-reduced` (reduced, cpu) by epoch, mean over 2 folds:")
    adam, adamax = lines_of(table, "CNN (Adam)"), lines_of(table, "CNN (Adamax)")
    assert list(adam) == [5, 7, 10, 15, 20, 25, 30]  # every fifth, our last, the paper's
    assert adam[5] == ["0.540", "0.440", "0.705 training", "0.200", "0.400", "0.739 training"]
    assert adam[7] == ["0.560", "0.460", "–", "0.143", "0.286", "–"]
    assert adam[10][2] == "0.816 training, 0.797 validation"
    assert adam[30][:3] == ["–", "–", "0.970 training or validation"]
    assert list(adamax) == [5, 30]
    assert adamax[5][0] == "0.550"
    assert adamax[30][2] == "epoch not said: 0.929 training, 0.919 validation"
    assert adamax[30][5] == "epoch not said: 0.984 … 0.210 training, 0.999 … 0.231 validation"


def test_a_claim_at_an_odd_epoch_has_its_line(tmp_path):
    def at_seven(content):
        content["papers"]["anand2025"]["claims"]["CNN (Adam)"]["accuracy"][1]["epoch"] = 7

    run = write_run(tmp_path, "anand2025-published", {})
    write_curves(run, "anand", [(0, e, 1.0, 0.5, 1.0, 0.5) for e in range(10)])
    (table,) = tables(load_changed(tmp_path, at_seven)["anand2025"], tmp_path)
    assert lines_of(table, "CNN (Adam)")[7][:3] == ["0.500", "0.500", "0.705 training"]


def test_claims_are_set_beside_published_runs_on_the_papers_data_alone(papers, tmp_path):
    for name, facts in (("honest", {}), ("published-deepapl", {"stand_in": "deepapl"}), ("depth-published", {})):
        run = write_run(tmp_path, f"anand2025-{name}", {}, paper="anand2025", **facts)
        write_curves(run, "anand", [(0, 0, 1.0, 0.5, 1.0, 0.5)])
    write_run(tmp_path, "anand2025-published", {})  # without curves
    assert tables(papers["anand2025"], tmp_path) == []


def test_the_document_has_it_under_its_paper(papers, tmp_path):
    write_curves(write_run(tmp_path, "anand2025-published", {}), "anand", [(0, 0, 1.0, 0.5, 1.0, 0.5)])
    text = render(papers, rows(papers, tmp_path), find(papers), tmp_path)
    section = text[text.index("## anand2025") : text.index("## talupuri2025")]
    assert "\n\nTraining of `anand2025-published` by epoch:\n\n| model | epoch |" in section
    assert text.count("Training of `") == 1
