import pytest
from papers_toy import interval, write_run

from hemapipe.papers.checks import find
from hemapipe.papers.claims import load_claims
from hemapipe.papers.markdown import render
from hemapipe.papers.table import rows
from hemapipe.papers.variants import table


@pytest.fixture(scope="module")
def papers():
    return load_claims()


def variant(results, name, value, row="anand", **facts):
    metrics = interval("accuracy", value, value - 0.1, value + 0.1) | interval("balanced_accuracy", 0.5, 0.4, 0.6)
    origin = {"paper": "anand2025", "split": "published", "reduced": True, "device": "cpu", **facts}
    return write_run(results, name, {row: metrics}, **origin)


def test_variants_by_the_numbers_in_their_names_behind_the_run_they_vary(papers, tmp_path):
    variant(tmp_path, "anand2025-per_class_1000-published-reduced", 0.7, variant="per_class_1000")
    variant(tmp_path, "anand2025-per_class_800-published-reduced", 0.6, variant="per_class_800")
    variant(tmp_path, "anand2025-depth-published-reduced", 0.5, row="conv16", variant="depth")
    plain = variant(tmp_path, "anand2025-published-reduced", 0.8)
    (plain / "metrics" / "evaluate" / "lr.json").write_text('{"accuracy": 0.3}')  # no model of the paper
    lines = table(papers["anand2025"], tmp_path).splitlines()
    assert lines[0] == "Variants of anand2025:"
    assert [line.split(" | ")[:2] for line in lines[4:]] == [
        ["| none", "anand"],
        ["| depth", "conv16"],
        ["| per_class_800", "anand"],
        ["| per_class_1000", "anand"],
    ]
    assert lines[6] == (
        "| per_class_800 | anand | 0.600 [0.500, 0.700] | 0.500 [0.400, 0.600] | "
        "`anand2025-per_class_800-published-reduced`, published, reduced, cpu |"
    )


def test_runs_of_another_kind_are_not_what_was_varied(papers, tmp_path):
    variant(tmp_path, "anand2025-depth-published-reduced", 0.5, variant="depth")
    variant(tmp_path, "anand2025-published", 0.9, reduced=False)
    variant(tmp_path, "anand2025-honest-reduced", 0.9, split="honest")
    variant(tmp_path, "anand2025-published-synthetic-reduced", 0.9, stand_in="synthetic")
    assert len(table(papers["anand2025"], tmp_path).splitlines()) == 5


def test_every_paper_may_have_variants_and_none_needs_to(papers, tmp_path):
    variant(tmp_path, "yaseen2025-thawed-honest", 0.9, row="scratch", paper="yaseen2025", variant="thawed")
    assert "| thawed | scratch | 0.900" in table(papers["yaseen2025"], tmp_path)
    assert table(papers["anand2025"], tmp_path) == ""


def test_the_table_of_claims_takes_no_variant(papers, tmp_path):
    variant(tmp_path, "anand2025-per_class_1000-published-reduced", 0.7, variant="per_class_1000")
    found = rows(papers, tmp_path)
    assert {row["run"] for row in found} == {None}
    text = render(papers, found, find(papers), tmp_path)
    assert text.index("## anand2025") < text.index("Variants of anand2025:") < text.index("## talupuri2025")
    assert text.count("Variants of") == 1
