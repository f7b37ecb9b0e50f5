"""Frozen bodies, discriminative rates, dropout: who is trained, and how fast."""

import pytest
import torch
from cnn_toy import job, write_inputs
from torch import nn

from hemapipe.models import cnn
from hemapipe.training.cnn import layers
from hemapipe.training.cnn.optim import make_optimizer, make_schedule
from hemapipe.training.cnn.params import TrainParams
from hemapipe.training.cnn.runner import train


def counts(network: nn.Module) -> tuple[int, int]:
    """Parameters, and those that are trained."""
    parameters = list(network.parameters())
    return sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)


def test_a_frozen_b3_has_the_published_counts():
    network = cnn.build("fastai", "efficientnet_b3", 4, 64, "scratch")
    layers.prepare(network, "fastai", TrainParams(freeze="body"))
    total, trained = counts(network)
    assert (total, trained, total - trained) == (12_278_312, 1_669_376, 10_608_936)


@pytest.mark.parametrize(
    ("builder", "arch", "n_head"),
    [("timm", "resnet18", 513 * 3), ("torchvision", "resnet18", 513 * 3), ("lenet", "lenet", 85 * 3)],
)
def test_a_frozen_body_leaves_last_layer_and_batch_norms(builder, arch, n_head):
    network = cnn.build(builder, arch, 3, 32, "scratch")
    n_norms = sum(p.numel() for m in network.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters())
    layers.prepare(network, builder, TrainParams(freeze="body"))
    assert counts(network)[1] == n_head + n_norms


def test_body_and_head_have_their_own_rates_over_the_whole_cycle():
    network = cnn.build("fastai", "resnet18", 3, 32, "scratch")
    recipe = TrainParams(lr=0.1, lr_body=0.01, optimizer="sgd")
    groups = layers.groups(network, "fastai", recipe)
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    optimizer = make_optimizer(groups, recipe)
    schedule = make_schedule(optimizer, recipe, 50)
    peaks = [0.0, 0.0]
    for _ in range(49):
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates[1] == pytest.approx(10 * rates[0])
        peaks = [max(pair) for pair in zip(peaks, rates, strict=True)]
        optimizer.step()
        schedule.step()
    assert peaks == pytest.approx([0.01, 0.1], rel=0.01)


def test_without_a_rate_of_its_own_the_body_is_in_one_group():
    network = cnn.build("lenet", "lenet", 3, 32, "scratch")
    assert len(layers.groups(network, "lenet", TrainParams())) == 1


def test_dropout_reaches_layers_and_timms_attribute():
    own = cnn.build("anand", "conv13", 3, 32, "scratch")
    timms = cnn.build("timm", "tf_efficientnet_lite0", 3, 32, "scratch")
    for network, builder in ((own, "anand"), (timms, "timm")):
        layers.prepare(network, builder, TrainParams(dropout=0.125))
    assert [m.p for m in own.modules() if isinstance(m, nn.Dropout)] == [0.125]
    assert timms.drop_rate == 0.125


def test_training_moves_only_what_is_not_frozen(tmp_path):
    inputs = write_inputs(tmp_path, n_folds=1)
    toy = job("r", "timm", "resnet18", freeze="body", lr_body=0.001, epochs=1)
    trained = train(toy, inputs, tmp_path / "models", tmp_path / "ck")
    assert trained.metrics["n_trained"] < 0.01 * trained.metrics["n_parameters"]
    assert 0 <= trained.metrics["train_accuracy"] <= 1
    again = train(toy, inputs, tmp_path / "again", tmp_path / "ck2")
    assert (trained.predictions == again.predictions).all(axis=None)


def test_a_frozen_weight_keeps_its_value_and_a_batch_norm_does_not():
    torch.manual_seed(0)
    network = cnn.build("timm", "resnet18", 3, 32, "scratch").train()
    recipe = TrainParams(freeze="body", optimizer="sgd", lr=0.1)
    layers.prepare(network, "timm", recipe)
    optimizer = make_optimizer(layers.groups(network, "timm", recipe), recipe)
    convolution, norm = network.conv1.weight.clone(), network.bn1.weight.clone()
    network(torch.randn(8, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    assert torch.equal(network.conv1.weight, convolution) and not torch.equal(network.bn1.weight, norm)
