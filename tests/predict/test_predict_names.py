"""Names are one printable line, no formula of a spreadsheet, and never mistaken for each other."""

from hypothesis import given
from hypothesis import strategies as st

from hemapipe.predict.names import from_cell, to_cell, visible

HARD = st.text(st.sampled_from("\\xu0a1b2028ä'=+-@\t\r\n\x00\x1b\u2028\u202e\udce4 ") | st.characters(), max_size=8)


def test_what_is_ordinary_stays():
    for name in ("P1/a b.png", "Müller/ß.jpg", "日本/語.png", r"C:\users\x.png", r"\\server\share\a.tif", "it's.png"):
        assert visible(name) == to_cell(name) == from_cell(name) == name


def test_what_is_hidden_is_shown():
    assert visible("a\nb") == r"a\x0ab"
    assert visible(r"a\x0ab") == r"a\\x0ab"
    assert visible("\x1b]0;t\x07") == r"\x1b]0;t\x07"
    assert visible("a\u202egnp.exe") == r"a\u202egnp.exe"
    assert visible("\udce4.png") == r"\udce4.png"


@given(HARD, HARD)
def test_different_names_stay_different(a, b):
    assert (visible(a) == visible(b)) == (a == b)
    assert (to_cell(a) == to_cell(b)) == (a == b)


@given(HARD)
def test_names_are_one_line_and_cells_come_back(name):
    shown = visible(name)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert all(character.isprintable() for character in shown if character < "\xa0")
    assert from_cell(to_cell(name)) == name
    assert to_cell(name)[:1] not in set("=+-@\t\r")
