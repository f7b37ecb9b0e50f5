from decimal import Decimal

import pytest
import yaml

from hemapipe.papers.printed import Loader, agrees, as_percent, counts_for, digits, parse, percent, step


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("89.3 %", "0.893", "0.001"), ("96.43750 %", "0.9643750", "0.0000001"), ("0.90", "0.90", "0.01"), (28, "28", "1")],
)
def test_digits_survive(text, value, unit):
    assert str(parse(text)) == value
    assert step(parse(text)) == Decimal(unit)


def test_yaml_keeps_trailing_zeros_and_reads_the_rest_as_ever():
    read = yaml.load("{a: 0.90, b: 96.43750 %, c: 3, d: null, e: true, f: [1.0]}", Loader)
    assert read == {"a": "0.90", "b": "96.43750 %", "c": 3, "d": None, "e": True, "f": ["1.0"]}


def test_yaml_refuses_a_key_given_twice():
    with pytest.raises(yaml.YAMLError, match="'a' is given twice"):
        yaml.load("{a: 1, a: 2}", Loader)


@pytest.mark.parametrize(
    ("value", "printed", "fits"),
    [
        (0.851875, "0.851", True),  # cut
        (0.851875, "0.852", True),  # rounded
        (0.851875, "0.853", False),
        (650 / 651, "0.9984", True),
        (650 / 651, "0.9985", True),
        (650 / 651, "0.9986", False),
        (0.875, "0.875", True),
    ],
)
def test_agrees_with_a_number_rounded_or_cut(value, printed, fits):
    assert agrees(value, Decimal(printed)) is fits


def test_words():
    assert as_percent(Decimal("0.9643750")) == "96.43750 %"
    assert percent(344 / 509) == "67.6 %"
    assert digits(Decimal("0.88975")) == 3
    assert digits(Decimal("0.9")) == 0


def test_counts_for_gives_both_neighbours_or_the_whole_number():
    assert counts_for(Decimal("0.88975"), 1600) == (1423, 1424)
    assert counts_for(Decimal("0.964375"), 1600) == (1543, 1543)
