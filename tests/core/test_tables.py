"""Tables: equal content gives equal bytes, and text survives the way to disk and back."""

import json

import pandas as pd
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import GROUPS, PREDICTIONS, classes, packed_rows, read_table, write_json, write_table


def test_text_survives(tmp_path):
    table = pd.DataFrame({"image_id": ["00012", "Zoë 1", "NA"], "group": ["", "nan", "é, ß"]})
    write_table(table, tmp_path / "sub" / "groups.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "sub" / "groups.csv", GROUPS), table)


def test_further_columns_are_numbers(tmp_path):
    table = pd.DataFrame({"sample_id": ["a"], "image_id": ["a"], "fold": [0], "role": ["test"], "p_x": [1 / 3]})
    write_table(table, tmp_path / "p.csv")
    back = read_table(tmp_path / "p.csv", PREDICTIONS)
    assert back["fold"].dtype == "int64"
    assert back.loc[0, "p_x"] == pytest.approx(1 / 3, abs=1e-7)
    assert (tmp_path / "p.csv").read_bytes().endswith(b"a,a,0,test,0.3333333\n")


def test_a_missing_file_or_column_is_an_error_that_says_so(tmp_path):
    with pytest.raises(HemapipeError, match="dvc repro"):
        read_table(tmp_path / "none.csv", GROUPS)
    (tmp_path / "g.csv").write_text("image_id\na\n")
    with pytest.raises(HemapipeError, match="lacks the columns group"):
        read_table(tmp_path / "g.csv", GROUPS)


def test_json_is_sorted_and_finite(tmp_path):
    write_json({"b": 1, "a": 0.5}, tmp_path / "m.json")
    assert list(json.loads((tmp_path / "m.json").read_text())) == ["a", "b"]
    with pytest.raises(ValueError, match="JSON"):
        write_json({"a": float("nan")}, tmp_path / "m.json")


def test_classes_are_sorted_and_unlabelled_is_none():
    assert classes(pd.DataFrame({"label": ["pro", "", "early", "pro"]})) == ["early", "pro"]


def test_packed_rows_skip_only_the_unreadable():
    manifest = pd.DataFrame({"image_id": list("abcd"), "status": ["ok", "unreadable", "truncated", "ok"]})
    assert packed_rows(manifest).to_dict() == {"a": 0, "c": 1, "d": 2}
