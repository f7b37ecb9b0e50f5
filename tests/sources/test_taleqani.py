"""Taleqani: labels and capture order from the paths."""

import pytest

from hemapipe.sources import taleqani

PARAMS = taleqani.Params(archive="taleqani.zip")


@pytest.mark.parametrize(
    ("path", "label", "sequence"),
    [
        ("Original/Benign/WBC-Benign-001.jpg", "benign", "001"),
        ("Original/Early/WBC-Malignant-Early-985.jpg", "early", "985"),
        ("archive/Original/Pre/WBC-Malignant-Pre-010.jpg", "pre", "010"),
        ("original/PRO/WBC-Malignant-Pro-804.JPG", "pro", "804"),
        ("Segmented/Pro/WBC-Malignant-Pro-804.jpg", "", ""),
        ("Original/Other/1.jpg", "", ""),
    ],
)
def test_paths(path, label, sequence):
    row = taleqani.describe([path], None, PARAMS).iloc[0]
    assert (row["path"], row["label"], row["sequence"]) == (path, label, sequence)
    assert row["patient"] == row["official"] == ""
    assert bool(row["note"]) == (label == "")


def test_the_published_counts_add_up():
    assert sum(taleqani.EXPECTED.values()) == 3256
