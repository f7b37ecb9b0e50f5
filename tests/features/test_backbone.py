"""Deep features through ONNX Runtime: equal to PyTorch's, in any batch, and quiet."""

import warnings

import numpy as np
import pytest
import torch

from hemapipe.core.errors import HemapipeError
from hemapipe.features.backbone import Normalised, load
from hemapipe.models.cnn import Preprocessing, backbone

#: One of each make: depthwise with "same" padding and packaged weights, residual, without batch normalisation.
NETWORKS = [
    ("timm", "tf_efficientnet_lite0", "packaged", 1280),
    ("torchvision", "resnet18", "scratch", 512),
    ("timm", "convnext_atto", "scratch", 320),
]


@pytest.fixture(scope="module")
def lite0():
    return load("timm", "tf_efficientnet_lite0", "packaged", px=32, batch_size=3, threads=1)


@pytest.mark.parametrize("builder, arch, weights, n_features", NETWORKS)
def test_features_equal_those_of_torch(builder, arch, weights, n_features, packed):
    torch.manual_seed(0)
    network, norm = backbone(builder, arch, weights, 32)
    images = torch.from_numpy(packed).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in norm)
    with torch.inference_mode():
        expected = network((images - mean) / std).numpy()
    torch.manual_seed(0)
    features = load(builder, arch, weights, px=32, batch_size=4, threads=1)(packed)
    assert features.shape == (len(packed), n_features)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-4)
    assert features.std(axis=0).max() > 1e-3  # images differ, and so do their features


def test_a_last_smaller_batch_and_any_order_change_nothing(lite0, packed):
    features = lite0(packed)
    np.testing.assert_array_equal(lite0(packed[:1]), features[:1])
    np.testing.assert_array_equal(lite0(packed[::-1]), features[::-1])


def test_it_is_repeatable_and_independent_of_threads(lite0, packed):
    again = load("timm", "tf_efficientnet_lite0", "packaged", px=32, batch_size=3, threads=2)
    np.testing.assert_array_equal(again(packed), lite0(packed))


def test_exporting_prints_and_warns_nothing(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load("timm", "mobilenetv3_small_050", "scratch", px=32, batch_size=2, threads=1)
    assert capfd.readouterr() == ("", "")


def test_normalisation_is_that_of_the_weights():
    norm = Preprocessing((0.5, 0.25, 0.0), (0.5, 0.5, 1.0))
    image = torch.tensor([255, 51, 102], dtype=torch.uint8).view(1, 1, 1, 3)
    values = Normalised(torch.nn.Identity(), norm)(image)
    torch.testing.assert_close(values.flatten(), torch.tensor([1.0, -0.1, 0.4]))


@pytest.mark.parametrize("builder, arch", [("timn", "resnet18"), ("timm", "resnet_18x"), ("lenet", "lenet")])
def test_unknown_networks_are_refused_in_words(builder, arch):
    with pytest.raises(HemapipeError):
        load(builder, arch, "scratch", px=32, batch_size=2, threads=1)
