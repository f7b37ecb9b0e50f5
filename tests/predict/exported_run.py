"""A run as its exporting stages leave it, made in seconds: a network, a classifier, their vote and a stack."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from hemapipe.cells.attributes import NAMES
from hemapipe.core.tables import write_json
from hemapipe.features import handcrafted
from hemapipe.predict.card import GRAPH, ModelCard
from hemapipe.reject.distance import fit
from hemapipe.reject.domain import Domain, save_domain
from hemapipe.smear.cohort import cohort
from hemapipe.smear.field import render
from hemapipe.smear.params import SyntheticParams

PX = 64
CLASSES = ["benign", "early", "pre", "pro"]
SCORE = {"balanced_accuracy": 0.8, "balanced_accuracy_low": 0.7, "balanced_accuracy_high": 0.9}


def draw(n_patients=8, each=6, px=PX, seed=1) -> list[tuple[str, str, np.ndarray]]:
    """Return (patient, label, RGB image) of drawn smears."""
    equal = dict.fromkeys(CLASSES, 0.25)
    faultless = dict.fromkeys(["n_exact_repeats", "n_near_repeats", "n_conflicts", "n_truncated", "n_unreadable"], 0)
    params = SyntheticParams(n_patients=n_patients, n_images=n_patients * each, px=px, class_shares=equal, **faultless)
    patients = [dataclasses.replace(one, n_images=each) for one in cohort(params, seed)]
    return [
        (one.name, one.label, render(one, number, px, 80.0, 0.2).image) for one in patients for number in range(each)
    ]


@functools.cache
def trained():
    """Return what training leaves: a ClassicalModel on the cells' attributes, a Classifier, and those attributes."""
    from hemapipe.models.cnn.lenet import build
    from hemapipe.training.classical.store import ClassicalModel
    from hemapipe.training.cnn.store import Classifier
    from hemapipe.training.cnn.store import ModelCard as TrainedCard

    smears = draw()
    images, labels = [image for *_, image in smears], [label for _, label, _ in smears]
    x = handcrafted.extract(images)
    fitted = Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(C=0.1))])
    fitted.fit(x, np.searchsorted(CLASSES, labels))
    kind = ClassicalModel("logistic_regression", fitted, [0, 1, 2, 3], 4)
    card = TrainedCard("lenet", "lenet", PX, CLASSES, [0.5] * 3, [0.2] * 3)
    return kind, Classifier(build("lenet", 4, PX, "scratch"), card).eval(), x


def export_run(root: Path) -> Path:
    """Write data/export, data/calibration and metrics below `root`, by the exporters themselves."""
    from hemapipe.export import classical, network
    from hemapipe.export.models import describe

    kind, classifier, x = trained()
    net = network.ByPixels(classifier).eval()
    models, calibrated = root / "data/export/models", root / "data/calibration"
    cards = {
        "lr": ModelCard(name="lr", family="classical", kind="logistic_regression", classes=CLASSES, features=["cells"]),
        "net": ModelCard(name="net", family="cnn", kind="lenet", classes=CLASSES, px=PX),
        "vote": ModelCard(name="vote", family="ensemble", kind="vote", classes=CLASSES, of=["lr", "net"]),
        "stack": ModelCard(
            name="stack", family="ensemble", kind="stack", classes=CLASSES, of=["lr", "net"], weights=[0.8, 0.2]
        ),
    }
    graphs = {"lr": classical.to_onnx(kind, len(NAMES)), "net": network.to_onnx(net, PX, "logits")}
    for name, card in cards.items():
        (models / name).mkdir(parents=True)
        card.save(models / name)
        if name in graphs:
            (models / name / GRAPH).write_bytes(describe(graphs[name], card))
        fold = {"temperature": 2.0, "thresholds": {"classes": {}, "screen": {"threshold": 0.6}}}
        write_json({"positive": CLASSES[1:], "folds": {"0": fold}}, calibrated / f"{name}.json")
        write_json(SCORE, root / f"metrics/evaluate/{name}.json")
    write_json({"recommended": "lr", "metric": "balanced_accuracy"}, root / "metrics/choice.json")
    cells = root / "data/export/features/cells"
    cells.mkdir(parents=True)
    ModelCard(name="cells", family="features", kind="handcrafted", px=PX).save(cells)
    gaussian = fit(x, 8, 0)
    limit = 2 * float(gaussian.distance(x).max())
    save_domain(Domain("cells", PX, gaussian, limit, (1.0, 3.0)), root / "data/export/domain.npz")
    (root / "dvc.yaml").write_text("stages: {}\n")
    return root
