import numpy as np
import pytest
from audit_examples import inputs_of, people

from hemapipe.audit import oddities


def test_distances_of_known_points():
    # on a line, standardised and rotated by the components: neighbours of the ends are farther on average
    far = oddities.distances(np.array([[0.0], [1.0], [2.0]]))
    scale = np.std([0.0, 1.0, 2.0])
    assert far == pytest.approx(np.array([1.5, 1.0, 1.5]) / scale)
    assert oddities.distances(np.zeros((1, 3))).tolist() == [0.0]


def test_an_image_unlike_all_others_is_an_outlier(tmp_path):
    embedding = np.random.default_rng(0).normal(size=(80, 8)).astype(np.float32)
    rows = people(10)
    assert oddities.check_outliers(inputs_of(rows, tmp_path, embedding=embedding)).verdict == "ok"
    embedding[17] = 60
    finding = oddities.check_outliers(inputs_of(rows, tmp_path, embedding=embedding))
    assert finding.verdict == "warning" and finding.panels[0].images == [("i017", "a · a4")]


def test_damaged_files_are_named(tmp_path):
    rows = [{"label": "a"}, {"status": "unreadable", "path": "bad.png"}, {"status": "truncated", "path": "half.png"}]
    finding = oddities.check_files(inputs_of(rows, tmp_path))
    assert finding.evidence == "1 unreadable (bad.png); 1 cut off (half.png)."
    assert [image for image, _ in finding.panels[0].images] == ["i002"]
    assert oddities.check_files(inputs_of(rows[:1], tmp_path)).verdict == "ok"


def test_equal_images_are_no_outliers_and_no_warning(recwarn):
    assert not oddities.distances(np.full((9, 4), 2.5, np.float32)).any()
    assert not recwarn.list


def test_images_without_a_label_among_others_are_reported(tmp_path):
    rows = [{"label": "a"}, {}, {"path": "deep/x.png"}]
    finding = oddities.check_unlabelled(inputs_of(rows, tmp_path))
    assert finding.verdict == "warning" and finding.evidence.startswith("2 of 3 (deep/x.png, i001.png)")
    assert oddities.check_unlabelled(inputs_of([{}, {}], tmp_path)) is None
    assert oddities.check_unlabelled(inputs_of(rows[:1], tmp_path)) is None


def test_classes_without_a_readable_image_are_reported(tmp_path):
    rows = [{"label": "a"}, {"label": "b", "status": "unreadable"}]
    assert oddities.check_empty_classes(inputs_of(rows, tmp_path)).evidence.startswith("b: a folder")
    assert oddities.check_empty_classes(inputs_of(rows[:1], tmp_path)) is None


def test_all_images_of_poor_quality_are_counted_and_listed(tmp_path):
    measures = np.tile([-3, 0.9, 0.5, 0, 0, 6.0, np.nan], (200, 1))
    measures[:60, 1] = 0.1
    finding = oddities.check_quality(inputs_of(people(25), tmp_path), measures)
    assert finding.n_panels == 60 and len(finding.listed["dark"]) == 60
    assert finding.panels[0].caption.endswith("; 6 of 60 shown")


def test_an_odd_size_is_told(tmp_path):
    rows = [*people(5), {"label": "a", "width": 80, "height": 8}]
    measures = np.tile([-3, 0.9, 0.5, 0, 0, 6.0, np.nan], (41, 1))
    finding = oddities.check_quality(inputs_of(rows, tmp_path), measures)
    assert finding.panels[0].images == [("i040", "a · 80 × 8")]


def test_one_file_that_decodes(tmp_path):
    assert oddities.check_files(inputs_of([{}], tmp_path)).evidence == "The one file decodes to the end."
