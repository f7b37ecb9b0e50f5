"""The API: what it answers, in which words it refuses."""

import json

import pytest
from fake_run import CLASSES, FakeRun
from serve_files import bomb_png, files, jpeg, png, zipped

from hemapipe.cells.attributes import NAMES


def predict(client, *many, **fields):
    return client.post("/v1/predict", files=files(*many), data=fields)


def test_one_image_is_judged_by_every_model(client):
    answer = predict(client, ("P07_1.png", png()))
    assert answer.status_code == 200
    told = answer.json()
    assert "Research use only" in told["notice"] and told["classes"] == CLASSES
    (image,) = told["images"]
    assert (image["file"], image["width"], image["height"], image["error"]) == ("P07_1.png", 40, 30, None)
    assert set(image["models"]) == {"vote", "lenet", "rf"} and image["model"] == "vote"
    assert image["verdict"] == image["models"]["vote"] and image["verdict"]["decision"] == "positive"
    assert sum(image["verdict"]["probabilities"].values()) == pytest.approx(1)
    assert image["verdict"]["label"] == max(CLASSES, key=image["verdict"]["probabilities"].get)
    assert list(image["attributes"]) == list(NAMES)
    assert image["agreement"]["of"] == 3


def test_one_model_alone(client):
    told = predict(client, ("a.png", png()), model="lenet").json()["images"][0]
    assert set(told["models"]) == {"lenet"} and told["model"] == "lenet" and told["agreement"]["of"] == 1
    refused = predict(client, ("a.png", png()), model="lennet")
    assert refused.status_code == 422 and "did you mean 'lenet'" in refused.json()["error"]["message"]


def test_a_bad_file_is_told_in_its_place_and_spoils_no_other(client):
    many = [("a.png", png()), ("b.txt", b"hello"), ("c.png", png()[:40]), ("d.png", png((90, 90, 90)))]
    told = predict(client, *many).json()["images"]
    assert [one["error"] is None for one in told] == [True, False, False, True]
    assert told[1]["error"]["type"] == "unreadable_image" and "no image format" in told[1]["error"]["message"]


def test_where_no_file_is_an_image_the_request_is_refused(client):
    refused = predict(client, ("b.txt", b"hello"))
    assert refused.status_code == 422 and refused.json()["error"]["type"] == "unreadable_image"
    refused = predict(client, ("bomb.png", bomb_png()))
    assert refused.status_code == 422 and refused.json()["error"]["type"] == "too_many_pixels"
    assert "more than the 50 megapixels" in refused.json()["error"]["message"]
    empty = client.post("/v1/predict", files=files(("a.zip", zipped({"x.txt": b"text"}))))
    assert (empty.status_code, empty.json()["error"]["type"]) == (422, "no_file")


def test_a_file_cut_off_is_judged_with_a_warning(client):
    (told,) = predict(client, ("a.jpg", jpeg()[:-900])).json()["images"]
    assert told["error"] is None and "truncated" in told["flags"] and "ends too early" in told["warnings"][0]


def test_an_image_the_models_fail_on_spoils_no_other(client):
    told = predict(client, ("a.png", png(height=7)), ("b.png", png())).json()["images"]
    assert told[0]["error"]["type"] == "look_failed" and told[1]["error"] is None


def test_patients_from_fields_names_and_folders(client):
    three = [("P1_a.png", png()), ("P2-b.png", png()), ("P1_c.png", png())]

    def patients(**fields):
        return {one["patient"]: one["n_images"] for one in predict(client, *three, **fields).json()["patients"]}

    assert patients() == {}
    assert patients(patient="X") == {"X": 3}
    assert patients(patient=["X", "Y", "X"]) == {"X": 2, "Y": 1}
    assert patients(patients_from="name") == {"P1": 2, "P2": 1}
    assert predict(client, *three, patient=["X", "Y"]).json()["error"]["type"] == "invalid_request"
    packed = ("all.zip", zipped({"in/P8/x.png": png(), "in/P9/y.png": png(), "notes.txt": b"text"}))
    assert predict(client, packed, patients_from="nowhere").status_code == 422
    told = predict(client, packed, patients_from="folder").json()
    assert [one["patient"] for one in told["images"]] == ["P8", "P9"] and told["skipped"] == 1
    assert [one["file"] for one in told["images"]] == ["in/P8/x.png", "in/P9/y.png"]


def test_a_patient_without_a_readable_image_is_told(client):
    told = predict(client, ("P1_a.png", png()), ("P2_b.png", b"no"), patients_from="name").json()["patients"]
    assert [(one["patient"], one["n_used"], one["label"] == "") for one in told] == [("P1", 1, False), ("P2", 0, True)]


def test_models_and_health(client):
    told = client.get("/v1/models").json()
    assert [(one["name"], one["family"], one["recommended"]) for one in told["models"]] == [
        ("vote", "ensemble", True),
        ("lenet", "cnn", False),
        ("rf", "classical", False),
    ]
    assert told["models"][1]["scores"] == {"balanced_accuracy": 0.45}
    assert client.get("/health").json() == {"status": "ok", "models": 3}


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/predict", 405, "method_not_allowed"),
        ("DELETE", "/", 405, "method_not_allowed"),
        ("POST", "/v1/predict", 415, "unsupported_media_type"),
        ("GET", "/static/../params.py", 404, "not_found"),
        ("GET", "/samples/none.jpg", 404, "not_found"),
    ],
)
def test_every_error_has_type_and_message(client, method, path, status, kind):
    answer = client.request(method, path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["type"] == kind and error["message"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_defect_is_a_500_that_tells_nothing(client_with, caplog):
    class Broken(FakeRun):
        def __init__(self):
            super().__init__()
            self.classes = ["one"]

    answer = client_with(Broken()).post("/v1/predict", files=files(("a.png", png())))
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "internal")
    assert "ValueError" not in answer.text and "POST /v1/predict failed" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_openapi_has_examples_and_the_errors(client_with):
    schema = client_with(token="a token of sixteen or more").get("/openapi.json").json()
    predict = schema["paths"]["/v1/predict"]["post"]
    assert {"200", "413", "422", "429", "503", "504"} <= set(predict["responses"])
    assert predict["security"] and "multipart/form-data" in predict["requestBody"]["content"]
    assert "examples" in json.dumps(schema["components"]["schemas"]["ImageResult"])
    assert "/look" not in schema["paths"]
