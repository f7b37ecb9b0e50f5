"""Models on disk: what is loaded predicts the same, and strangers are refused."""

import io
import zipfile

import numpy as np
import pytest
import skops.io
from classical_toy import NAMES, job, make_data

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import AUGMENT, MANIFEST, read_table
from hemapipe.models.classical import KINDS
from hemapipe.training.classical.runner import train
from hemapipe.training.classical.store import _without_padding, load_model


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_predicts_as_it_did(data, kind):
    predictions = train(job(kind), data).predictions
    model, card = load_model(data / "models" / "toy")
    assert card["classes"] == NAMES and card["features"] == ["a", "b"] and card["kind"] == kind
    values = np.hstack([np.load(data / "features" / f"{name}.npy") for name in card["features"]])
    images = list(read_table(data / "manifest.csv", MANIFEST)["image_id"])
    rows = predictions[predictions["fold"] == 0]
    again = model.predict(values[[images.index(image) for image in rows["image_id"]]])
    np.testing.assert_array_equal(again, rows[[f"p_{name}" for name in NAMES]].to_numpy())


def test_the_archive_holds_no_pickle_no_address_and_no_time(data):
    train(job("random_forest"), data)
    with zipfile.ZipFile(data / "models" / "toy" / "fold0.skops") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = [info.filename for info in archive.infolist()]
    assert names[0] == "0.npy" and names[-1] == "schema.json"
    assert all(name.split(".")[-1] in {"npy", "bin", "json"} for name in names)


def test_padding_of_structured_arrays_is_cleared():
    dtype = np.dtype({"names": ["x", "y"], "formats": ["i8", "i1"], "offsets": [0, 8], "itemsize": 16})
    dirty = np.frombuffer(bytearray(b"\xff" * 32), dtype)
    dirty["x"], dirty["y"] = [1, 2], [3, 4]
    buffer = io.BytesIO()
    np.save(buffer, dirty)
    clean = np.load(io.BytesIO(_without_padding(buffer.getvalue())))
    assert clean["x"].tolist() == [1, 2] and clean["y"].tolist() == [3, 4]
    assert clean.tobytes().count(b"\xff") == 0


def test_types_of_others_are_not_loaded(data, tmp_path):
    from sklearn.gaussian_process.kernels import RBF

    class Stranger:
        pass

    (tmp_path / "model.json").write_text("{}")
    skops.io.dump({"a": RBF(), "b": Stranger()}, tmp_path / "fold0.skops")
    with pytest.raises(HemapipeError, match="Stranger"):
        load_model(tmp_path)


def test_weights_that_were_not_kept_are_named(data):
    with pytest.raises(HemapipeError, match=r"fold5\.skops not found: set `keep_weights"):
        load_model(data / "models" / "toy", fold=5)


def test_plans_are_read_with_their_columns(data):
    assert len(read_table(data / "augment.csv", AUGMENT)) == 180
