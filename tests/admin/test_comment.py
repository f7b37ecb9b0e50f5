"""The pull-request comment: charts with known answers, and a real `dvc diff` in a scratch repository."""

import json

import pytest
import yaml
from tiny_project import succeed

from hemapipe.admin.comment import bar_chart, comment, line_chart, shorten
from hemapipe.core.errors import HemapipeError


def test_bars_are_ranked_and_the_base_is_a_line():
    assert bar_chart({"rf": 0.8, "lr": 0.85, "gone": 0.1}, {"rf": 0.81, "lr": 0.9}, "accuracy").splitlines() == [
        "```mermaid",
        "xychart-beta",
        '  title "accuracy (bars: this run; line: base)"',
        '  x-axis ["lr", "rf"]',
        '  y-axis "accuracy" 0 --> 1',
        "  bar [0.9000, 0.8100]",
        "  line [0.8500, 0.8000]",
        "```",
    ]


def test_a_new_model_leaves_no_line_to_draw():
    assert "line [" not in bar_chart({"rf": 0.8}, {"rf": 0.8, "new": 0.7}, "accuracy")
    assert bar_chart({"rf": 0.8}, {}, "accuracy") == ""


def test_curves_show_the_first_fold(tmp_path):
    path = tmp_path / "lenet.csv"
    path.write_text("fold,epoch,train_loss,val_loss\n0,1,1.0,0.9\n0,2,0.8,0.75\n1,1,1.1,1.0\n")
    assert line_chart(path).splitlines()[2:5] == [
        '  title "lenet: validation loss, first fold"',
        "  x-axis epoch [1, 2]",
        "  line [0.9000, 0.7500]",
    ]
    path.write_text("step,loss\n1,2\n")
    assert line_chart(path) == ""


def test_a_long_comment_is_cut_at_a_line():
    text = "\n".join(f"| row {number} |" for number in range(100))
    cut = shorten(text, limit=300)
    assert len(cut) <= 300
    assert text.startswith(cut.partition("\n\n(cut here")[0])
    assert shorten(text) == text


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  evaluate:\n    cmd: x\n    params: [seed]\n"
        "    metrics: [{metrics/evaluate/rf.json: {cache: false}}]\n"
    )
    write(tmp_path, 1, 0.8)
    succeed(
        "git init -q -b main && dvc init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm t",
        tmp_path,
    )
    return tmp_path


def write(root, seed, value):
    (root / "params.yaml").write_text(yaml.safe_dump({"seed": seed}))
    (root / "metrics/evaluate").mkdir(parents=True, exist_ok=True)
    (root / "metrics/evaluate/rf.json").write_text(json.dumps({"balanced_accuracy": value}))


def test_a_comment_compares_with_main(project):
    write(project, 2, 0.9)
    text = comment(project, "main")
    assert text.startswith("## Run against main\n\nResearch use only.\n\n```mermaid\nxychart-beta\n")
    assert "  bar [0.9000]\n  line [0.8000]" in text
    metrics = text.partition("### Metrics")[2]
    assert [cell.strip() for cell in metrics.splitlines()[4].split("|")[2:6]] == [
        "balanced_accuracy",
        "0.8",
        "0.9",
        "0.1",
    ]
    params = text.partition("### Parameters")[2].partition("### Metrics")[0]
    assert [cell.strip() for cell in params.splitlines()[4].split("|")[1:5]] == ["params.yaml", "seed", "1", "2"]


def test_nothing_changed_and_an_unknown_base(project):
    assert comment(project, "main").count("No change.") == 2
    with pytest.raises(HemapipeError, match="nowhere"):
        comment(project, "nowhere")
