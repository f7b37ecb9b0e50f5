"""An exported run says what its own training code says, and knows what it does not know."""

import json
import subprocess
import sys

import numpy as np
import pytest
from exported_run import CLASSES, SCORE, export_run

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.cells.attributes import NAMES
from hemapipe.core.errors import HemapipeError
from hemapipe.ensemble import stack
from hemapipe.predict.run import load_run

NO_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "timm", "torchvision", "lightning", "captum", "dvc", "skops", "xgboost"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np
from pathlib import Path
from hemapipe.predict import command
from hemapipe.predict.run import load_run
run = load_run(Path(sys.argv[1]))
print(run.look([np.full((90, 70, 3), 200, np.uint8)])[0].decisions)
"""


def images_of(smears):
    return [image for *_, image in smears]


def test_models_come_in_the_order_of_the_leaderboard_the_recommended_first(run):
    assert list(run.models) == ["lr", "net", "stack", "vote"]
    assert (run.recommended, run.classes, run.positive) == ("lr", CLASSES, CLASSES[1:])
    assert run.scores["net"] == SCORE
    assert [model.family for model in run.models.values()] == ["classical", "cnn", "ensemble", "ensemble"]


def test_a_finding_has_all_that_is_promised(run, smears):
    found = run.look(images_of(smears))
    assert len(found) == len(smears)
    for one in found:
        assert all(p.shape == (4,) and p.sum() == pytest.approx(1) for p in one.probabilities.values())
        assert all(one.labels[name] == CLASSES[p.argmax()] for name, p in one.probabilities.items())
        assert list(one.attributes) == list(NAMES)
        assert np.isfinite(list(one.attributes.values())).all()
    # The classifier was fitted on smears drawn in the same way.
    assert np.mean([one.labels["lr"] == label for one, (_, label, _) in zip(found, smears, strict=True)]) > 0.5


def test_decisions_are_the_summed_probability_against_the_threshold(run, smears):
    for one in run.look(images_of(smears)):
        for name, p in one.probabilities.items():
            if "not_a_smear" not in one.flags:
                assert one.decisions[name] == ("positive" if p[1:].sum() >= 0.6 else "negative")


def test_ensembles_combine_their_members(run, smears):
    ready = run.prepare(images_of(smears))
    members = [run.known[name] for name in ("lr", "net")]
    raw = [member.raw(ready, run.known) for member in members]
    vote = apply_temperature(np.mean([apply_temperature(p, 2.0) for p in raw], axis=0), 2.0)
    assert run.probabilities("vote", images_of(smears)) == pytest.approx(vote)
    stacked = apply_temperature(stack.predict(stack.level_one(raw), np.array([0.8, 0.2])), 2.0)
    assert run.probabilities("stack", images_of(smears)) == pytest.approx(stacked)


def test_an_image_alone_gives_what_it_gives_among_others(run, smears):
    together = run.look(images_of(smears))
    for image, one in zip(images_of(smears)[:3], together, strict=False):
        (alone,) = run.look([image])
        assert alone.probabilities["vote"] == pytest.approx(one.probabilities["vote"], abs=1e-6)
        assert alone.flags == one.flags


def test_other_pictures_are_refused(run):
    text = np.full((200, 300, 3), 255, np.uint8)
    text[20:180:20] = 0
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for one in run.look([text, noise]):
        assert "not_a_smear" in one.flags
        assert set(one.decisions.values()) == {"refused"}


def test_one_model_alone_is_computed_alone(run, smears):
    (finding,) = run.only("net").look(images_of(smears)[:1])
    assert list(finding.probabilities) == ["net"]
    (of_vote,) = run.only("vote").look(images_of(smears)[:1])
    assert list(of_vote.probabilities) == ["vote"]
    assert list(run.models) == ["lr", "net", "stack", "vote"]


def test_no_image_is_no_finding(run):
    assert run.look([]) == []


def test_prediction_needs_no_torch(exported):
    done = subprocess.run([sys.executable, "-c", NO_TORCH, str(exported)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout


def test_what_is_missing_is_said(exported, tmp_path):
    with pytest.raises(HemapipeError, match="make repro"):
        load_run(tmp_path)
    with pytest.raises(HemapipeError, match="did you mean 'net'"):
        load_run(exported, ["nett"])


def test_a_model_without_weights_takes_its_ensembles_along(tmp_path):
    root = export_run(tmp_path)
    card = root / "data/export/models/net/model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"missing": "no weights were kept"}))
    assert list(load_run(root).models) == ["lr"]
    card.write_text('{"name": "net", "colour": "blue"}')
    with pytest.raises(HemapipeError, match="not a card of this version"):
        load_run(root)
