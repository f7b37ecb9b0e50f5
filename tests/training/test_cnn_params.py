"""The recipe, the rows of the table of networks, and how one overrides the other."""

from pathlib import Path

import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check, load, read_params, resolve
from hemapipe.training.cnn.params import CnnRow, TrainParams

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


def test_every_row_of_params_yaml_is_valid_and_resolves():
    section = load(TrainParams, "train_cnn", PARAMS)
    for name in read_params(PARAMS)["cnn"]:
        row = load(CnnRow, f"cnn.{name}", PARAMS)
        recipe = resolve(section, row)
        for key in TrainParams.model_fields:
            assert getattr(recipe, key) == getattr(row if key in row.model_fields_set else section, key)


def test_params_yaml_sets_every_key_of_the_recipe():
    assert set(read_params(PARAMS)["train_cnn"]) == set(TrainParams.model_fields)


def test_a_row_overrides_what_it_sets_even_with_the_default_value():
    section = TrainParams(epochs=9, lr=0.5, online_augment=["flips"])
    recipe = resolve(section, CnnRow(builder="lenet", px=64, epochs=4, online_augment=[]))
    assert (recipe.epochs, recipe.lr, recipe.online_augment) == (4, 0.5, [])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"optimizer": "adagrad"}, "optimizer"),
        ({"online_augment": ["flip"]}, "online_augment"),
        ({"px": 8}, "px"),
        ({"lr": 0}, "lr"),
        ({"weights": "imagenet"}, "weights"),
    ],
)
def test_a_wrong_row_is_explained(change, message):
    with pytest.raises(HemapipeError, match=message):
        check(CnnRow, {"builder": "lenet", "px": 64, **change}, "cnn.mine")
