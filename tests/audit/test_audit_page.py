import re

import numpy as np
from audit_examples import inputs_of

from hemapipe.audit import core, page, summary
from hemapipe.audit.findings import Finding, Panel

ROWS = [
    {"label": "a", "path": "a/1.png", "width": 240, "height": 80},
    {"label": "b", "path": "b/1.png", "width": 80, "height": 240},
    {"label": "b", "path": "b/2.png", "width": 9000, "height": 1},
    {"label": "b", "path": "b/<3>.png", "status": "unreadable"},
]


def found(tmp_path, *findings):
    return core.Audit(inputs_of(ROWS, tmp_path, np.full((3, 8, 8, 3), 200, np.uint8)), list(findings), {})


def test_images_have_their_shape_and_equal_names_their_folders(tmp_path):
    same = Panel("one name", [("i000", ""), ("i001", "")])
    other = Panel("two names", [("i000", ""), ("i002", "")])
    html = page.render(found(tmp_path, Finding("near_repeats", "Near", "warning", "", panels=[same, other])), "x")
    shapes = ["148px; aspect-ratio: 3.000", "49px; aspect-ratio: 0.333", "148px; aspect-ratio: 6.000"]
    assert re.findall(r'style="width: ([^"]*)"', html) == [shapes[0], shapes[1], shapes[0], shapes[2]]
    assert re.findall(r"<figcaption>([^<]*)", html) == ["a/1.png", "b/1.png", "1.png", "2.png"]


def test_all_files_concerned_are_listed_though_none_can_be_shown(tmp_path):
    finding = Finding("files", "Damaged files", "warning", "", listed={"unreadable": ["i003"]})
    html = page.render(found(tmp_path, finding), "x")
    assert "<details>" in html and "<li>b/&lt;3&gt;.png</li>" in html and 'href="#files"' in html


def test_the_page_says_how_many_are_not_shown(tmp_path):
    finding = Finding("outliers", "Outliers", "warning", "", panels=[Panel("far", [("i000", "")])], n_panels=60)
    assert "The first 1 of 60 are shown." in page.render(found(tmp_path, finding), "x")


def test_verdicts_and_paths_for_other_programs(tmp_path):
    listed = {"quality": {"dark": ["i000"]}, "outliers": {"far": ["i002", "i001"]}}
    findings = [Finding(check, "", "warning", "seen", "look", listed=ids) for check, ids in listed.items()]
    values = summary.machine_readable(found(tmp_path, *findings))
    assert values["quality"] == {"dark": ["a/1.png"]} and values["outliers"] == ["b/2.png", "b/1.png"]
    assert values["suspected_labels"] == []
    assert values["verdicts"]["outliers"] == {"verdict": "warning", "evidence": "seen", "advice": "look"}
