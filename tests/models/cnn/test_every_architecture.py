"""Every network the papers name, and its nearest kin: each builds, takes a step of training, predicts and exports.

The networks are the rows of `cnn` in the presets, each with the recipe of its paper, and those that no preset names.
The fast tier takes each once, on small images; the slow tier takes every row at its paper's size.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_project import ROOT

from hemapipe import sources
from hemapipe.core.params import resolve
from hemapipe.core.tables import OPS
from hemapipe.export.models import require_parity, softmax
from hemapipe.export.network import ByPixels, to_onnx
from hemapipe.models import cnn
from hemapipe.papers.presets import load_preset, names
from hemapipe.runtime import session
from hemapipe.training.cnn.callbacks import History
from hemapipe.training.cnn.data import FoldData
from hemapipe.training.cnn.fit import make_module, make_trainer
from hemapipe.training.cnn.module import CnnModule
from hemapipe.training.cnn.params import CnnRow, TrainParams
from hemapipe.training.cnn.predict import predict
from hemapipe.training.cnn.store import build_classifier, make_card

#: What is asked for: builder, architecture, and the preset rows that must be such; '' where no preset names it.
DEMANDED = {
    "VGG16": ("torchvision", "vgg16", "rai2025-vgg16 rezayi2021-vgg16 talupuri2025-vgg16"),
    "AlexNet": ("torchvision", "alexnet", "rai2025-alexnet"),
    "LeNet-5": ("lenet", "lenet", "rai2025-lenet"),
    "ResNet-18": ("timm", "resnet18", ""),
    "ResNet-50": ("timm", "resnet50", "anand2025-resnet50 rai2025-resnet50 talupuri2025-resnet50"),
    "ResNet-50 (torchvision)": ("torchvision", "resnet50", "rezayi2021-resnet50"),
    "ResNet-101": ("timm", "resnet101", ""),
    "EfficientNet-B0": ("timm", "efficientnet_b0", "rai2025-efficientnet_b0"),
    "EfficientNet-B1": ("timm", "efficientnet_b1", ""),
    "EfficientNet-B2": ("timm", "efficientnet_b2", ""),
    "EfficientNet-B3": ("timm", "efficientnet_b3", "talupuri2025-efficientnet_b3"),
    "EfficientNet-B3 (fastai)": ("fastai", "efficientnet_b3", "yaseen2025-efficientnet_b3"),
    "EfficientNet-B4": ("timm", "efficientnet_b4", "talupuri2025-efficientnet_b4"),
    "EfficientNet-B5": ("timm", "tf_efficientnet_b5", "talupuri2025-efficientnet_b5"),
    "InceptionV3": ("timm", "inception_v3", "talupuri2025-inception_v3"),
    "Xception": ("timm", "legacy_xception", "talupuri2025-xception"),
    "MobileNetV2": ("timm", "mobilenetv2_100", "talupuri2025-mobilenet"),
    "MobileNetV3": ("timm", "mobilenetv3_large_100", ""),
    "plain CNN": ("plain", "cnn", "rai2025-cnn"),
    "13 convolutions": ("anand", "conv13", "anand2025-anand anand2025-anand_adamax"),
    "13 convolutions, shallower": ("anand", "conv10", ""),
    "13 convolutions, deeper": ("anand", "conv16", ""),
    "10 convolutions": ("rezayi", "rezayi", "rezayi2021-rezayi"),
    "YOLOv8": ("yolov8", "yolov8n", "anand2025-yolov8"),
}
N_IMAGES = 2
#: One step on the processor. Without decay only the gradient moves a weight; one step needs no plan for later ones.
ONE_STEP = {
    "epochs": 1, "batch_size": N_IMAGES, "schedule": "constant", "early_stopping": 0, "weight_decay": 0.0,
    "precision": "32", "accelerator": "cpu",
}  # fmt: skip
#: Side of the fast tier's images: at 64 the deepest maps of most are 2×2, and InceptionV3 takes no less than 75.
SMALL_PX, SMALL_PX_OF = 64, {"inception_v3": 75}


class Case(NamedTuple):
    """A network to try, and how."""

    builder: str
    arch: str
    px: int
    classes: list[str]
    params: TrainParams


def from_presets() -> dict[str, Case]:
    """Rows of `both.cnn`, with their paper's recipe; `arch` is the row's name where it gives none, as in the stage."""
    found = {}
    for paper in names(ROOT):
        preset = load_preset(ROOT, paper)
        recipe = TrainParams(**preset.both.get("train_cnn", {}))
        for name, values in preset.both["cnn"].items():
            row = CnnRow(**values)
            params = resolve(recipe, row).model_copy(update=ONE_STEP)
            classes = sorted(sources.load(preset.source).EXPECTED)
            found[f"{paper}-{name}"] = Case(row.builder, row.arch or name, row.px, classes, params)
    return found


def from_no_preset() -> dict[str, Case]:
    params, classes = TrainParams(**ONE_STEP), sorted(sources.load("taleqani").EXPECTED)
    return {arch: Case(builder, arch, 224, classes, params) for builder, arch, rows in DEMANDED.values() if not rows}


def small(case: Case) -> Case:
    """On small images, and with SGD: making Adam's moments of VGG16's 138 million weights takes longer than a step."""
    params = case.params.model_copy(update={"optimizer": "sgd"})
    return case._replace(px=SMALL_PX_OF.get(case.arch, SMALL_PX), params=params)


CASES = from_presets() | from_no_preset()
SMALL = {f"{case.builder}-{case.arch}": small(case) for case in CASES.values()}


def random_images(case: Case) -> tuple[np.ndarray, pd.DataFrame]:
    """Return a packed array and its sample table; the images' classes take turns."""
    images = np.random.default_rng(0).integers(0, 256, (N_IMAGES, case.px, case.px, 3), dtype=np.uint8)
    places = np.arange(N_IMAGES)
    samples = pd.DataFrame({"row": places, "target": places % len(case.classes), "variant": 0, "role": "train"})
    return images, samples.assign(**dict.fromkeys(OPS, 0.0))


def take_a_step(module: CnnModule, case: Case, packed: np.ndarray, samples: pd.DataFrame) -> None:
    """Train on one batch, which moves the trained parameters, first to last, and no frozen one."""
    parameters = list(module.classifier.parameters())
    trained = [one for one in parameters if one.requires_grad]
    # Not all between need move: timm's resnets begin with closed residual branches.
    watched = [trained[0], trained[-1], *(one for one in parameters if not one.requires_grad)]
    before = [one.detach().clone() for one in watched]
    trainer = make_trainer(case.params, History(case.arch, N_IMAGES, plain=True), [])
    trainer.fit(module, datamodule=FoldData(packed, samples, samples.iloc[:0], N_IMAGES, seed=0))
    assert trainer.global_step == 1
    moved = [not torch.equal(one, then) for one, then in zip(watched, before, strict=True)]
    assert moved == [True, True, *[False] * (len(watched) - 2)]


def check(case: Case) -> None:
    """Build, take a step, predict."""
    packed, samples = random_images(case)
    card = make_card(case.builder, case.arch, case.px, case.classes)
    module = make_module(card, "scratch", samples, case.params, seed=0)
    take_a_step(module, case, packed, samples)
    probabilities = predict(module.classifier, packed, samples, batch_size=N_IMAGES - 1)
    assert probabilities.shape == (N_IMAGES, len(case.classes)) and np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("demanded", DEMANDED)
def test_what_is_demanded_is_covered(demanded):
    builder, arch, rows = DEMANDED[demanded]
    assert builder in cnn.builders()
    covering = {name for name, case in CASES.items() if (case.builder, case.arch) == (builder, arch)}
    assert set(rows.split() or [arch]) <= covering


@pytest.mark.parametrize("name", SMALL)
def test_builds_takes_a_step_and_predicts_small(name):
    check(SMALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_its_exported_graph_gives_the_same_probabilities(name):
    """Small images; the default run's networks are exported, and compared, by every `dvc repro`."""
    case = SMALL[name]
    images = random_images(case)[0]
    torch.manual_seed(0)
    module = ByPixels(build_classifier(make_card(case.builder, case.arch, case.px, case.classes), "scratch")).eval()
    running = session(to_onnx(module, case.px, "logits"), threads=1)
    for n in (1, N_IMAGES):  # the number of images is free
        with torch.inference_mode():
            original = softmax(module(torch.from_numpy(images[:n])).numpy())
        require_parity(name, original, softmax(running.run(None, {"images": images[:n]})[0]))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_builds_takes_a_step_and_predicts_at_the_papers_size(name):
    check(CASES[name])
