"""Labels and numbers as the page prints them."""

import pytest

from hemapipe.report import words


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("macro_roc_auc", "macro ROC AUC"),
        ("mcc", "MCC"),
        ("n_unreadable", "unreadable"),
        ("version_scikit-learn", "scikit-learn"),
        ("n_something_new", "something new"),
        ("n_near_repeats", "pairs of near repeats"),
        ("at_threshold_sensitivity", "sensitivity at threshold"),
    ],
)
def test_words(key, text):
    assert words.words(key) == text


def test_numbers():
    assert [words.number(v) for v in (None, 12_345, 0.51239, 3.0, "text")] == [
        "–",
        "12\u202f345",
        "0.5124",
        "3",
        "text",
    ]
    assert [words.short(v) for v in (None, 61_706, 3_376_136, 12)] == ["–", "61.7\u202fk", "3.38\u202fM", "12"]
    assert [words.size(v) for v in (None, 13_600_000, 12)] == ["–", "13.6\u202fMB", "12 B"]
    assert [words.score(v) for v in (None, 0.87756)] == ["–", "0.878"]


def test_names_break_after_underscores_and_are_escaped():
    assert str(words.breakable("a_<b>")) == "a_<wbr>&lt;b&gt;"


def test_known_keys_come_first():
    found = sorted({"zebra": 1, "n_ok": 2, "apple": 3, "n_files": 4}.items(), key=words.order)
    assert [key for key, _ in found] == ["n_files", "n_ok", "apple", "zebra"]


def test_new_terms_are_explained():
    for term in ("price of leaking", "honest split", "near repeat", "recommended", "screening", "audit"):
        assert len(words.GLOSSARY[term]) > 40
