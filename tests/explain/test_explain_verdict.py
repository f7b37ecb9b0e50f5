"""The verdict on networks planted to look at one thing only, and its rules."""

from functools import cache

import numpy as np
import pytest
from explain_toy import CLASSES, planted, smears
from PIL import Image

from hemapipe.explain import network, picture, verdict
from hemapipe.explain.params import ExplainParams

PARAMS = ExplainParams(n_images=12, steps=6, grid=6, dream_steps=2, n_resamples=200)


@cache
def explained(tinted: str) -> network.Explained:
    images, labels = smears(12, tinted, seed=2)
    chosen = network.Chosen(images, np.array(CLASSES)[labels], np.arange(12).astype(str))
    return network.explain(planted(tinted), CLASSES, chosen, PARAMS, seed=3)


def test_a_network_that_learnt_the_background_is_named():
    found = explained("background").metrics
    assert found["n_right"] >= 10  # it had something to learn
    assert found["looks_at_background"] == 1
    assert found["grad_cam_nucleus_ratio"] < 0.5


def test_a_network_that_learnt_the_cells_is_not():
    found = explained("cells").metrics
    assert found["n_right"] >= 10
    assert found["looks_at_background"] == 0
    assert found["integrated_gradients_nucleus_ratio"] > 1.5
    assert found["integrated_gradients_background_ratio_high"] < 1


def test_metrics_are_flat_and_finite_and_the_table_has_every_method():
    found = explained("cells").metrics
    assert all(isinstance(value, int | float) and np.isfinite(value) for value in found.values())
    assert sum(
        found[f"area_{name}"] for name in ("nucleus", "cytoplasm", "other_cells", "background")
    ) == pytest.approx(1)
    table = network.table(found)
    assert table["method"].to_list() == list(explained("cells").maps)
    assert table["gain"].notna().all()


def test_same_seed_same_figures():
    images, labels = smears(4, "cells", seed=2)
    chosen = network.Chosen(images, np.array(CLASSES)[labels], np.arange(4).astype(str))
    first, again = (network.explain(planted("cells"), CLASSES, chosen, PARAMS, seed=3).metrics for _ in range(2))
    assert first == again


GOOD = {"gain_low": 0.1, "similarity": 0.0, "background_ratio_low": 1.2, "background_ratio_shuffled": 1.0}


def figures(**methods: dict) -> dict[str, float]:
    return {f"{name}_{key}": value for name, facts in methods.items() for key, value in {**GOOD, **facts}.items()} | {
        f"{name}_similarity": 0.9 for name in verdict.METHODS if name not in methods
    }


@pytest.mark.parametrize(
    "second, expected",
    [
        ({}, 1),
        ({"gain_low": -0.01}, 0),  # no better than chance
        ({"similarity": -0.6}, 0),  # shows the image, not the network
        ({"background_ratio_low": 0.98}, 0),  # may be chance
        ({"background_ratio_shuffled": 1.3}, 0),  # the method's own liking for the background
    ],
)
def test_two_methods_must_say_so_and_each_must_have_passed_its_checks(second, expected):
    assert verdict.looks_at_background(figures(saliency={}, occlusion=second)) == expected


def test_one_method_alone_is_not_believed_and_tells_nothing():
    assert verdict.looks_at_background(figures(saliency={})) == verdict.tellable(figures(saliency={})) == 0
    assert verdict.tellable(figures(saliency={}, occlusion={"background_ratio_low": 0.5})) == 1


def test_a_method_whose_similarity_is_unknown_has_not_passed():
    facts = figures(saliency={})
    del facts["saliency_similarity"]
    assert not verdict.passed(facts, "saliency")


def test_a_method_without_an_interval_has_not_passed():
    facts = figures(saliency={})
    del facts["saliency_gain_low"]
    assert not verdict.passed(facts, "saliency")


def test_the_picture_is_small_and_always_the_same(tmp_path):
    for name in ("one", "two"):
        picture.draw(explained("cells"), tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").stat().st_size < 150_000
    with Image.open(tmp_path / "one.png") as shown:
        assert shown.mode == "P" and shown.width > 600
