"""A network's graph says what the network says, for any number of images; its 8-bit version nearly so."""

import json

import numpy as np
import onnx
import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame

from hemapipe.core.errors import HemapipeError
from hemapipe.export.models import describe, require_parity, softmax
from hemapipe.export.network import ByPixels, SettledPool, settle, to_onnx
from hemapipe.export.quantise import quantise
from hemapipe.predict.card import ModelCard
from hemapipe.runtime import session
from hemapipe.training.cnn.store import Classifier, build_classifier, make_card

CLASSES = ["a", "b", "c"]
PX = 32


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, PX, PX, 3), np.uint8)


def classifier(builder, arch) -> Classifier:
    torch.manual_seed(1)
    return build_classifier(make_card(builder, arch, PX, CLASSES), "scratch").eval()


@pytest.mark.parametrize(
    ("builder", "arch"), [("lenet", "lenet"), ("timm", "mobilenetv3_small_050"), ("timm", "tf_mobilenetv3_small_075")]
)
def test_the_graph_gives_what_the_network_gives(builder, arch, images):
    network = classifier(builder, arch)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    running = session(to_onnx(ByPixels(network).eval(), PX, "logits"), 1)
    for n in (1, 2, 5):
        found = running.run(None, {"images": images[:n]})[0]
        assert np.abs(softmax(found) - softmax(expected[:n])).max() < 1e-5
    assert running.get_inputs()[0].shape[1:] == [PX, PX, 3]


def test_settled_padding_changes_nothing_and_leaves_no_arithmetic(images):
    network = classifier("timm", "tf_mobilenetv3_small_075")
    assert any(type(layer) is Conv2dSame for layer in network.modules())
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    with torch.inference_mode():
        before = network(x)
        settle(network)
        assert torch.equal(network(x), before)
    assert not any(type(layer) is Conv2dSame for layer in network.modules())
    graph = onnx.load_model_from_string(to_onnx(ByPixels(network).eval(), PX, "logits"))
    assert not {"Mod", "Range", "Ceil"} & {node.op_type for node in graph.graph.node}


@pytest.mark.parametrize(("side", "out"), [(2, 7), (7, 7), (9, 4), (5, (3, None))])
def test_settled_pooling_is_adaptive_pooling(side, out):
    layer = torch.nn.AdaptiveAvgPool2d(out)
    maps = torch.rand(2, 3, side, side + 1, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(SettledPool(layer)(maps), layer(maps))


def test_eight_bits_are_smaller_and_nearly_as_good(images):
    network = classifier("lenet", "lenet")
    graph = to_onnx(ByPixels(network).eval(), PX, "logits")
    small = quantise(graph, images)
    assert len(small) < 0.4 * len(graph)
    assert {node.op_type for node in onnx.load_model_from_string(small).graph.node} >= {"QuantizeLinear"}
    a, b = (softmax(session(one, 1).run(None, {"images": images})[0]) for one in (graph, small))
    assert np.abs(a - b).max() < 0.1
    assert small == quantise(graph, images)


def test_labels_and_preprocessing_travel_in_the_file(images):
    card = ModelCard(name="net", family="cnn", kind="lenet", classes=CLASSES, px=PX, shape="letterbox")
    graph = describe(to_onnx(ByPixels(classifier("lenet", "lenet")).eval(), PX, "logits"), card)
    held = session(graph, 1).get_modelmeta().custom_metadata_map
    assert json.loads(held["labels"]) == CLASSES
    assert ModelCard.model_validate_json(held["hemapipe"]) == card
    assert "Research use only" in held["use"]


def test_a_graph_that_says_something_else_is_refused():
    p = np.array([[0.5, 0.5]])
    require_parity("net", p, p + 5e-5)
    require_parity("net", p[:0], p[:0])
    for wrong in (p + 2e-4, p * np.nan):
        with pytest.raises(HemapipeError, match="net: the exported graph's probabilities are off"):
            require_parity("net", p, wrong)
