"""Parameters: unknown keys are named, seeds are spread by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import Section, check, derive_seed, load, lookup, read_params


class Recipe(Section):
    epochs: int = Field(ge=1)
    rate: float = 0.1


def test_values_are_typed_and_frozen():
    recipe = check(Recipe, {"epochs": 3}, "recipe")
    assert (recipe.epochs, recipe.rate) == (3, 0.1)
    with pytest.raises(Exception, match="frozen"):
        recipe.epochs = 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 3, "epoch": 4}, r"unknown key 'epoch'; did you mean 'epochs'"),
        ({"epochs": 3, "zzz": 4}, r"unknown key 'zzz'; known are epochs, rate"),
        ({"epochs": 0}, r"epochs: .*greater than or equal to 1 \(got 0\)"),
        ({}, r"epochs: Field required"),
    ],
)
def test_a_wrong_section_says_what_is_wrong(values, message):
    with pytest.raises(HemapipeError, match=message) as caught:
        check(Recipe, values, "recipe")
    assert "section 'recipe'" in str(caught.value)


def test_load_reads_a_dotted_section(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: {recipe: {epochs: 2}}\n")
    assert load(Recipe, "a.recipe", path).epochs == 2
    with pytest.raises(HemapipeError, match=r"no key 'a.recipes'; did you mean 'recipe'"):
        load(Recipe, "a.recipes", path)


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(HemapipeError, match="run from the root"):
        read_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(HemapipeError, match="not valid YAML"):
        read_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("text", ["threads: 0", "threads: two", "seed: -1", "seed: 1.5"])
def test_seed_and_threads_are_whole_numbers(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(HemapipeError, match=f"{text.split(':')[0]} must be a whole number"):
        read_params(path)


def test_lookup_of_a_key_below_a_value():
    with pytest.raises(HemapipeError, match=r"no key 'a\.b'"):
        lookup({"a": 1}, "a.b")


@given(st.integers(0, 2**31), st.text(max_size=9), st.text(max_size=9))
def test_seeds_depend_on_every_name_and_fit_31_bits(seed, one, other):
    assert 0 <= derive_seed(seed, one) < 2**31
    assert derive_seed(seed, one) == derive_seed(seed, one)
    if one != other:
        assert derive_seed(seed, one) != derive_seed(seed, other)
