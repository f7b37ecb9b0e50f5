"""Maps of every method: shape and range, known answers, and every kind of network."""

import numpy as np
import pytest
import torch
from explain_toy import PX, planted, smears

from hemapipe.core.errors import HemapipeError
from hemapipe.explain.dream import activation_maximisation
from hemapipe.explain.layers import LEAST_SIDE, last_map
from hemapipe.explain.methods import METHODS, Settings, as_tensor, attribute
from hemapipe.models import cnn
from hemapipe.training.cnn.store import Classifier, ModelCard


@pytest.mark.parametrize("name", METHODS)
def test_maps_are_finite_not_negative_and_of_the_images_size(name):
    images, labels = smears(3, "cells", seed=5)
    maps = attribute(name, planted("cells"), images, labels, Settings(4, 4))
    assert maps.shape == (3, PX, PX) and maps.dtype == np.float32
    assert np.isfinite(maps).all() and (maps >= 0).all() and maps.any()


@pytest.mark.parametrize("name", METHODS)
def test_each_image_is_explained_by_itself(name):
    images, labels = smears(10, "cells", seed=5)  # more than one backward pass holds
    together = attribute(name, planted("cells"), images, labels, Settings(4, 4))
    alone = attribute(name, planted("cells"), images[9:], labels[9:], Settings(4, 4))
    np.testing.assert_allclose(together[9:], alone, rtol=1e-3, atol=1e-5)


def test_grad_cam_and_its_successor_follow_their_formulas():
    """Against the papers' formulas on gradients taken by hand, at the size of the map."""
    classifier = planted("cells")
    images, labels = smears(2, "cells", seed=6)
    layer = last_map(classifier.network, as_tensor(images[:1]))
    kept = []
    handle = layer.register_forward_hook(lambda *args: kept.append(args[2]))
    scores = classifier(as_tensor(images))
    handle.remove()
    (g,) = torch.autograd.grad(scores[torch.arange(2), torch.as_tensor(labels)].sum(), kept)
    maps = kept[0].detach()
    alpha = g**2 / (2 * g**2 + (maps * g**3).sum((2, 3), keepdim=True) + 1e-30)
    plus = ((alpha * g.relu()).sum((2, 3), keepdim=True) * maps).sum(1).relu()
    plain = (g.mean((2, 3), keepdim=True) * maps).sum(1).relu()
    for name, expected in (("grad_cam", plain), ("grad_cam_pp", plus)):
        large = torch.nn.functional.interpolate(expected[:, None], (PX, PX), mode="bilinear")[:, 0]
        np.testing.assert_allclose(attribute(name, classifier, images, labels), large, rtol=1e-3, atol=1e-6)


def test_integrated_gradients_add_up_to_the_difference_of_scores():
    """Completeness (Sundararajan et al.), for a network that is linear, so that nothing is negative by chance."""
    linear = Classifier(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16, 2)), planted_card(4))
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    x = as_tensor(images)
    baseline = x.mean((2, 3), keepdim=True).expand_as(x)
    weights = linear.network[1].weight[0].view(1, 3, 4, 4) / linear.std
    expected = ((x - baseline) * weights).sum(1).relu().detach()
    found = attribute("integrated_gradients", linear, images, np.zeros(2, int), Settings(8, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def planted_card(px: int) -> ModelCard:
    return ModelCard("toy", "toy", px, ["a", "b"], [0.5] * 3, [0.5] * 3)


@pytest.mark.parametrize(
    "builder, arch",
    [
        ("lenet", "lenet"), ("plain", "cnn"), ("rezayi", "rezayi"), ("anand", "conv10"), ("yolov8", "yolov8n"),
        ("timm", "mobilenetv3_small_050"), ("timm", "resnet18"), ("torchvision", "alexnet"),
    ],
)  # fmt: skip
def test_grad_cam_finds_a_map_in_every_kind_of_network(builder, arch):
    torch.manual_seed(0)
    classifier = Classifier(cnn.build(builder, arch, 3, 64, "scratch"), planted_card(64)).eval()
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    shapes = []
    layer = last_map(classifier.network, as_tensor(images[:1]))
    handle = layer.register_forward_hook(lambda *args: shapes.append(args[2].shape))
    for name in ("grad_cam", "grad_cam_pp"):
        assert np.isfinite(attribute(name, classifier, images, np.array([0, 2]))).all()
    handle.remove()
    # AlexNet's last map at 64 px is 3×3 and 1×1 after pooling: the largest below the limit is not needed there.
    assert min(shapes[0][2:]) >= (3 if arch == "alexnet" else LEAST_SIDE)


def test_a_network_without_convolutions_is_told():
    network = cnn.build("timm", "vit_tiny_patch16_224", 2, 32, "scratch")
    with pytest.raises(HemapipeError, match="needs a convolutional network"):
        last_map(network, torch.zeros(1, 3, 32, 32))


def test_made_up_images_are_called_as_they_were_made():
    classifier = planted("cells")
    made = activation_maximisation(classifier, 2, PX, steps=12, seed=1)
    assert made.shape == (2, PX, PX, 3) and made.dtype == np.uint8
    with torch.no_grad():
        assert classifier(as_tensor(made)).argmax(1).tolist() == [0, 1]
    assert (made == activation_maximisation(classifier, 2, PX, steps=12, seed=1)).all()
