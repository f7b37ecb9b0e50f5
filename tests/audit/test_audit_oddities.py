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
