import pytest
from papers_toy import SIXTH, load_changed

from hemapipe.core.errors import HemapipeError
from hemapipe.papers.claims import load_claims


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def value(papers, paper, model, metric, **wanted):
    (claim,) = papers[paper].find(model, metric, **wanted)
    return claim.claimed


def test_five_papers(papers):
    assert list(papers) == ["rai2025", "anand2025", "talupuri2025", "yaseen2025", "rezayi2021"]
    assert all(paper.checks for paper in papers.values())


@pytest.mark.parametrize(
    ("paper", "model", "metric", "wanted", "claimed"),
    [
        ("rai2025", "AlexNet", "accuracy", {"where": "abstract"}, 0.88975),
        ("rai2025", "AlexNet", "precision_all", {}, 0.995),
        ("rai2025", "VGG", "accuracy", {}, 0.771),
        ("anand2025", "CNN (Adam)", "accuracy", {"epoch": 10, "split": "validation"}, 0.797),
        ("anand2025", "CNN (Adam)", "accuracy", {"epoch": 30}, 0.970),
        ("anand2025", "CNN (Adam)", "log_loss", {"epoch": 30}, 0.081),
        ("anand2025", "CNN (Adamax)", "recall_benign", {}, 0.996),
        ("anand2025", "CNN (Adamax)", "precision_benign", {"where": "matrix"}, 0.992),
        ("anand2025", "YOLOv8", "macro_f1", {}, 0.939),
        ("talupuri2025", "EfficientNetB3", "weighted_f1", {}, 0.96416),
        ("yaseen2025", "EfficientNetB3", "roc_auc_pro", {}, 1.0),
        ("rezayi2021", "ResNet-50", "accuracy", {"split": "training"}, 0.9576),
        ("rezayi2021", "ResNet-50", "log_loss", {"split": "validation"}, 0.7592),
        ("rezayi2021", "CNN", "seconds_per_epoch", {}, 14),
        ("rezayi2021", "VGG-16", "f1_hem", {}, 0.78),
        ("rezayi2021", "KNN", "recall_hem", {}, 0.66),
        ("rezayi2021", "MLP", "accuracy", {}, 0.2733),
    ],
)
def test_numbers_as_printed(papers, paper, model, metric, wanted, claimed):
    assert value(papers, paper, model, metric, **wanted) == claimed


def test_the_table_of_numbers_is_complete(papers):
    # Counted by hand in PAPERS.md; rezayi2021 has its three validation accuracies twice, as accuracy_over_cycles too.
    counts = {name: len(paper.claims()) for name, paper in papers.items()}
    assert counts == {"rai2025": 10, "anand2025": 34, "talupuri2025": 8, "yaseen2025": 5, "rezayi2021": 58}
    assert sum(len(paper.matrices) for paper in papers.values()) == 9


def test_bounds_say_so(papers):
    assert [claim.above for claim in papers["talupuri2025"].find("EfficientNetB4", "accuracy")] == [True]
    assert not papers["talupuri2025"].find("EfficientNetB3", "accuracy")[0].above


def test_every_model_of_a_headline_claim_has_a_row_of_ours(papers):
    for paper in papers.values():
        assert set(paper.values) == set(paper.rows)


def test_a_missing_claim_is_named(papers):
    with pytest.raises(HemapipeError, match=r"rai2025: no kappa of 'VGG', where 'abstract'"):
        papers["rai2025"].find("VGG", "kappa", where="abstract")


def test_a_sixth_paper_is_one_entry(tmp_path):
    papers = load_changed(tmp_path, lambda content: content["papers"].update(sixth2026=SIXTH))
    sixth = papers["sixth2026"]
    assert [(claim.metric, claim.claimed) for claim in sixth.claims()] == [("accuracy", 0.9), ("recall_all", 0.95)]
    assert sixth.facts == papers["rai2025"].facts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["yaseen2025"].update(headlines=[]), "unknown key 'headlines'; did you mean 'headline'"),
        (
            lambda p: p["yaseen2025"]["claims"]["EfficientNetB3"].update(acuracy="1"),
            "'acuracy'; did you mean 'accuracy'",
        ),
        (lambda p: p["yaseen2025"]["rows"].update(EfficientNetB4="x"), "unknown model 'EfficientNetB4'; did you mean"),
        (lambda p: p["yaseen2025"]["claims"]["EfficientNetB3"].update(recall_hem="1"), "unknown metric 'recall_hem'"),
        (
            lambda p: p["yaseen2025"]["claims"]["EfficientNetB3"].update(kappa={"value": 1, "wher": "x"}),
            "did you mean 'where'",
        ),
        (lambda p: p["rai2025"]["matrices"].update(VGG={"tp": 1, "fp": 2}), "either rows or all of tp, tn, fp, fn"),
        (lambda p: p["rezayi2021"]["matrices"].update(CNN={"rows": [[1, 2, 3], [4, 5, 6]]}), "not 2 rows of 2 counts"),
        (lambda p: p["yaseen2025"]["claims"]["EfficientNetB3"].update(kappa="high"), "claims.EfficientNetB3.kappa"),
    ],
)
def test_mistakes_are_named(tmp_path, change, message):
    with pytest.raises(HemapipeError, match=r"claims\.yaml, papers") as caught:
        load_changed(tmp_path, lambda content: change(content["papers"]))
    assert message in str(caught.value)


def test_other_top_level_keys_are_refused(tmp_path):
    with pytest.raises(HemapipeError, match="data and papers"):
        load_changed(tmp_path, lambda content: content.update(more={}))
