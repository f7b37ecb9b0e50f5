"""The papers' own networks: layers and parameters as described, and each learns and predicts."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from hemapipe.core.errors import HemapipeError
from hemapipe.models import cnn
from hemapipe.models.cnn.yolov8 import SCALES


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def table(network: nn.Module, px: int) -> list[tuple[int, tuple[int, ...]]]:
    """Parameters and output shape of every convolution and dense layer, in the order of use."""
    rows: list[tuple[int, tuple[int, ...]]] = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda layer, _, out: rows.append((count(layer), tuple(out.shape[1:]))))
    network.eval()(torch.zeros(1, 3, px, px))
    return rows


# k·k·in·out + out for a convolution, in·out + out for a dense layer.
ANAND = [
    (448, (16, 224, 224)), (2_320, (16, 224, 224)),
    (4_640, (32, 112, 112)), (9_248, (32, 112, 112)),
    (18_496, (64, 56, 56)), (36_928, (64, 56, 56)), (36_928, (64, 56, 56)),
    (73_856, (128, 28, 28)), (147_584, (128, 28, 28)), (147_584, (128, 28, 28)),
    (295_168, (256, 14, 14)), (590_080, (256, 14, 14)), (590_080, (256, 14, 14)),
    (256 * 7 * 7 * 512 + 512, (512,)), (2_052, (4,)),
]  # fmt: skip
REZAYI = [
    (1_664, (128, 70, 70)), (65_664, (128, 70, 70)), (32_832, (64, 35, 35)), (16_448, (64, 35, 35)),
    (8_224, (32, 17, 17)), (4_128, (32, 17, 17)), (2_064, (16, 8, 8)), (1_040, (16, 8, 8)),
    (520, (8, 4, 4)), (264, (8, 4, 4)),
    (8 * 2 * 2 * 1024 + 1024, (1024,)), (524_800, (512,)), (131_328, (256,)), (514, (2,)),
]  # fmt: skip
PLAIN = [
    (896, (32, 64, 64)), (18_496, (64, 32, 32)), (73_856, (128, 16, 16)), (128 * 8 * 8 * 128 + 128, (128,)), (258, (2,))
]  # fmt: skip


@pytest.mark.parametrize(
    ("builder", "arch", "n_classes", "px", "layers"),
    [("anand", "conv13", 4, 224, ANAND), ("rezayi", "rezayi", 2, 70, REZAYI), ("plain", "plain", 2, 64, PLAIN)],
)
def test_layers_are_those_described(builder, arch, n_classes, px, layers):
    assert table(cnn.build(builder, arch, n_classes, px, "scratch"), px) == layers


@pytest.mark.parametrize(("arch", "n_convolutions"), [("conv10", 10), ("conv13", 13), ("conv16", 16)])
def test_variants_are_shallower_and_deeper(arch, n_convolutions):
    network = cnn.build("anand", arch, 4, 32, "scratch")
    assert sum(isinstance(layer, nn.Conv2d) for layer in network.modules()) == n_convolutions
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in network.modules()) == 5


def test_every_convolution_of_anand_is_followed_by_relu_and_batch_norm():
    layers = list(cnn.build("anand", "conv13", 4, 32, "scratch").features)
    after = [
        type(one)
        for place, layer in enumerate(layers)
        if isinstance(layer, nn.Conv2d)
        for one in layers[place + 1 : place + 3]
    ]
    assert after == [nn.ReLU, nn.BatchNorm2d] * 13


#: Published for 1000 classes, in millions.
YOLOV8 = {"yolov8n": 2.7, "yolov8s": 6.4, "yolov8m": 17.0, "yolov8l": 37.5, "yolov8x": 57.4}


@pytest.mark.parametrize("arch", SCALES)
def test_yolov8_has_the_published_number_of_parameters(arch):
    with torch.device("meta"):
        network = cnn.build("yolov8", arch, 1000, 224, "scratch")
    assert count(network) / 1e6 == pytest.approx(YOLOV8[arch], abs=0.06)
    assert arch != "yolov8n" or count(network) == 2_719_288


def test_fastai_head_on_b3_is_that_of_yaseen():
    network = cnn.build("fastai", "efficientnet_b3", 4, 64, "scratch")
    assert (count(network), count(network.body), count(network.head)) == (12_278_312, 10_696_232, 1_582_080)


@pytest.mark.parametrize(
    ("builder", "arch", "px"),
    [
        ("anand", "conv13", 32), ("rezayi", "rezayi", 32), ("plain", "plain", 16), ("yolov8", "yolov8n", 32),
        ("fastai", "resnet18", 32),
    ],
)  # fmt: skip
def test_each_learns_and_predicts(builder, arch, px):
    torch.manual_seed(0)
    network = cnn.build(builder, arch, 3, px, "scratch").train()
    images, targets = torch.randn(6, 3, px, px), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for _ in range(8):
        loss = functional.cross_entropy(network(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < losses[0]
    assert network.eval()(images).shape == (6, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("anand", "conv12", 2, 32, "scratch"), "did you mean 'conv1"),
        (("anand", "conv13", 2, 31, "scratch"), "32 px or more"),
        (("anand", "conv13", 2, 32, "hub"), "no pretrained weights"),
        (("rezayi", "rezayi", 2, 16, "scratch"), "32 px or more"),
        (("rezayi", "rezayi", 2, 70, "hub"), "no pretrained weights"),
        (("plain", "plain", 2, 7, "scratch"), "8 px or more"),
        (("plain", "plain", 2, 64, "packaged"), "no pretrained weights"),
        (("yolov8", "yolov8", 2, 64, "scratch"), "did you mean"),
        (("yolov8", "yolov8n", 2, 64, "hub"), "AGPL"),
        (("yolov8", "yolov8n", 2, 16, "scratch"), "32 px or more"),
        (("fastai", "vit_tiny_patch16_224", 2, 32, "scratch"), "needs maps"),
        (("fastai", "resnet_18", 2, 32, "scratch"), "did you mean 'resnet18'"),
    ],
)
def test_what_cannot_be_built_says_why(arguments, message):
    with pytest.raises(HemapipeError, match=message):
        cnn.build(*arguments)
