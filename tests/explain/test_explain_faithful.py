"""Deletion and insertion, and what shuffled weights leave of a map."""

import numpy as np
import pytest
import torch
from explain_toy import PX, planted, smears
from torch import nn

from hemapipe.explain import faithful
from hemapipe.explain.methods import as_tensor
from hemapipe.training.cnn.store import Classifier, ModelCard


class Corner(nn.Module):
    """Sees the upper left patch of 4×4 px alone: bright is class 1."""

    def forward(self, images):
        bright = images[:, :, :4, :4].mean((1, 2, 3))
        return torch.stack([torch.zeros_like(bright), 8 * bright], dim=1)


def corner() -> tuple[Classifier, np.ndarray, np.ndarray]:
    classifier = Classifier(Corner(), ModelCard("toy", "toy", 16, ["dark", "bright"], [0.5] * 3, [0.5] * 3))
    images = np.zeros((1, 16, 16, 3), np.uint8)
    images[:, :4, :4] = 255
    return classifier, images, np.array([1])


def test_patches_are_ordered_by_their_mean():
    maps = np.zeros((1, 10, 10))
    maps[0, :5, 5:] = 1
    maps[0, 5:, 5:] = 3
    assert faithful.patch_order(maps, 2).tolist() == [[3, 1, 0, 2]]


def test_a_map_that_marks_what_counts_beats_chance_and_one_that_hides_it_does_worse():
    classifier, images, target = corner()
    first, last = np.arange(16)[None], np.arange(16)[::-1][None]
    chance = faithful.random_curves(classifier, images, target, 4, n_orders=20, seed=0)
    good, bad = (faithful.curves(classifier, images, target, order, 4) for order in (first, last))
    assert good.deletion < chance.deletion < bad.deletion
    assert good.insertion > chance.insertion > bad.insertion
    assert faithful.gain(good, chance) > 0.1 > -0.1 > faithful.gain(bad, chance)


def test_area_of_a_network_that_ignores_the_image_is_its_probability():
    classifier, images, target = corner()
    images[:, :4, :4] = 127
    blank = np.zeros((1, 16, 16, 3), np.uint8) + 127
    found = faithful.curves(classifier, blank, target, np.arange(16)[None], 4)
    np.testing.assert_allclose([found.deletion, found.insertion], 0.5, atol=0.02)


def test_shuffled_weights_are_the_same_numbers_in_another_order():
    classifier = planted("cells")
    images, _ = smears(4, "cells", seed=2)
    other = faithful.randomised(classifier, images, seed=1)
    for (name, one), two in zip(classifier.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(one.flatten().sort().values, two.flatten().sort().values), name
    assert not torch.equal(classifier.network.features[0].weight, other.network.features[0].weight)
    again = faithful.randomised(classifier, images, seed=1)
    assert all(torch.equal(one, two) for one, two in zip(other.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        assert torch.isfinite(other(as_tensor(images))).all()


def test_batch_norms_of_the_shuffled_copy_know_what_comes_in():
    images, _ = smears(4, "cells", seed=2)
    other = faithful.randomised(planted("cells"), images, seed=1)
    with torch.no_grad():
        into = other.network.features[0]((as_tensor(images) - other.mean) / other.std)
    torch.testing.assert_close(other.network.features[1].running_mean, into.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    assert not other.training


def test_similarity_is_spearmans_and_empty_maps_show_nothing():
    maps = np.random.default_rng(0).random((3, PX, PX))
    others = np.stack([maps[0] ** 3, -maps[1], np.ones((PX, PX))])
    assert faithful.similarity(maps[:2], others[:2]) == pytest.approx(0)  # the mean of 1 and -1
    assert faithful.similarity(maps[:1], others[:1]) == pytest.approx(1)
    assert faithful.similarity(maps, others) == pytest.approx(0)  # the constant pair does not count
    assert np.isnan(faithful.similarity(maps[1:], others[[2, 2]]))
    assert np.isnan(faithful.similarity(maps[:0], others[:0]))
