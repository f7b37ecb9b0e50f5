"""A prediction is what the model itself said: the trained ones of a tiny run, the prediction files of a whole one."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from exported_run import PX, trained
from tiny_project import ROOT

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.core.tables import OPS
from hemapipe.features import handcrafted
from hemapipe.images import decode
from hemapipe.predict.card import RECIPE, ModelCard
from hemapipe.predict.prepare import Prepared, recipe_of
from hemapipe.predict.run import load_run
from hemapipe.preprocess.image import square
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.training.cnn.predict import predict

#: The temperature of `exported_run`.
TEMPERATURE = 2.0
#: Exports differ by up to 1e-4 from the originals: `stages/export.py` refuses more.
TOLERANCE = 1e-4
#: Test images of fold 0 that are looked at.
N_IMAGES = 24


def probabilities(findings, name):
    return np.array([one.probabilities[name] for one in findings])


def test_a_tiny_run_says_what_its_trained_models_say(run, smears):
    kind, classifier, _ = trained()
    images = [image for *_, image in smears]
    recipe = PreprocessParams(px=[PX], neutral=[], shape="stretch", contrast="none", stain="none")
    squares = np.stack([square(image, PX, recipe) for image in images])
    samples = pd.DataFrame(dict.fromkeys(OPS, 0.0), index=range(len(images)))
    samples = samples.assign(row=range(len(images)), target=-1, variant=0)
    found = run.look(images)
    own = {"lr": kind.predict(handcrafted.extract(squares)), "net": predict(classifier, squares, samples, 5)}
    for name, p in own.items():
        assert probabilities(found, name) == pytest.approx(apply_temperature(p, TEMPERATURE), abs=1e-5)
        assert np.ptp(p, axis=0).max() > 1e-3  # else any two models would agree


def test_a_model_of_neutral_squares_is_given_neutral_squares(smears):
    card = ModelCard(name="net", family="cnn", px=PX, neutral=[PX], stain="macenko", shape="letterbox")
    recipe = recipe_of(card)
    assert {key: getattr(recipe, key) for key in RECIPE} == {key: getattr(card, key) for key in RECIPE}
    assert set(RECIPE) == set(PreprocessParams.model_fields) - {"px"}
    images = [image for *_, image in smears][:2]
    made = Prepared(images, recipe, {}, 1)
    assert (made.squares(PX) == np.stack([square(image, PX, recipe) for image in images])).all()
    assert (made.squares(PX)[0] != square(images[0], PX, recipe.model_copy(update={"neutral": []}))).any()


@pytest.mark.slow
def test_the_checkout_says_what_its_prediction_files_say():
    needed = ["data/raw.zip", "data/manifest.csv", "data/predictions", "data/export/models", "metrics/choice.json"]
    missing = [name for name in needed if not (ROOT / name).exists()]
    if missing:
        pytest.skip(f"no finished run in the checkout: {', '.join(missing)} not there; `make repro`")
    run = load_run(ROOT)
    paths = pd.read_csv(ROOT / "data/manifest.csv", keep_default_na=False, dtype=str).set_index("image_id")["path"]
    ids = list(of_test(run.recommended).index[:N_IMAGES])
    with zipfile.ZipFile(ROOT / "data/raw.zip") as packed:
        images = [decode(packed.read(paths[one])).pixels for one in ids]
    found = run.look(images)
    for name in run.models:
        p = of_test(name).loc[ids, [f"p_{one}" for one in run.classes]].to_numpy()
        card = json.loads((ROOT / f"data/calibration/{name}.json").read_text())
        written = apply_temperature(p / p.sum(axis=1, keepdims=True), card["folds"]["0"]["temperature"])
        assert probabilities(found, name) == pytest.approx(written, abs=TOLERANCE), name


def of_test(name):
    """Fold 0's test rows of a prediction file, by image."""
    table = pd.read_csv(ROOT / f"data/predictions/{name}.csv", dtype={"image_id": str})
    chosen = table[(table["fold"] == 0) & (table["role"] == "test")]
    return chosen.drop_duplicates("image_id").set_index("image_id")
