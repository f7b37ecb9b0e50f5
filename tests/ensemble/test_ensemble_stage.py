"""The stage on files, as the pipeline calls it: what it writes, what it does not look at, and what it refuses."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from evaluation.evaluation_examples import CLASSES, calibration, manifest_and_groups, predictions

from hemapipe.calibrate.temperature import apply_temperature
from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import GROUPS, MANIFEST, PREDICTIONS, read_table, write_json, write_table
from hemapipe.evaluation.predictions import scored_rows
from stages import ensemble

MEMBERS = ["one", "two", "three"]
P = [f"p_{name}" for name in CLASSES]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with three models' files on one split of 240 images; two folds share no test image."""
    monkeypatch.chdir(tmp_path)
    manifest, groups = manifest_and_groups(240, 24)
    manifest = manifest.assign(width=1, height=1, conflict=False, status="ok")
    write_table(manifest, "data/manifest.csv")
    write_table(groups, "data/groups.csv")
    first = predictions(manifest, groups, n_folds=2, seed=0)
    for number, name in enumerate(MEMBERS):
        said = predictions(manifest, groups, n_folds=2, seed=number, skill=2 - number / 2)
        write_table(first[PREDICTIONS].join(said[P]), f"data/predictions/{name}.csv")
        write_json(calibration(2, 1 + number), f"data/calibration/{name}.json")
    rows = {"vote": {"kind": "vote", "of": MEMBERS}, "stack": {"kind": "stack", "of": MEMBERS}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"seed": 1, "ensemble": rows}))
    return tmp_path


def written(name):
    ensemble.main(name)
    return read_table(f"data/predictions/{name}.csv", PREDICTIONS)


def setting(project, **rows):
    values = yaml.safe_load((project / "params.yaml").read_text())
    values["ensemble"] |= rows
    (project / "params.yaml").write_text(yaml.safe_dump(values))


def test_a_vote_is_the_mean_of_calibrated_probabilities(project):
    found = written("vote")
    raw = [read_table(f"data/predictions/{name}.csv", PREDICTIONS) for name in MEMBERS]
    expected = np.mean([apply_temperature(table[P].to_numpy(), 1.0 + t) for t, table in enumerate(raw)], axis=0)
    assert found[P].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert found[PREDICTIONS].equals(raw[0][PREDICTIONS])
    known = json.loads((project / "metrics/train/vote.json").read_text())
    assert known["n_parameters"] == known["n_bytes"] == 0 and 0 < known["val_accuracy"] < 1


def test_a_stack_learns_whom_to_trust_and_beats_each_member(project):
    found = written("stack")
    manifest, groups = read_table("data/manifest.csv", MANIFEST), read_table("data/groups.csv", GROUPS)

    def accuracy(table):
        rows = scored_rows(table, calibration(2), manifest, groups)
        return (rows.p.argmax(axis=1) == rows.y).mean()

    members = [accuracy(read_table(f"data/predictions/{name}.csv", PREDICTIONS)) for name in MEMBERS]
    assert accuracy(found) > max(members)
    known = json.loads((project / "metrics/train/stack.json").read_text())
    assert known["weight_one"] > known["weight_two"] > known["weight_three"]
    assert (known["n_parameters"], known["n_bytes"], known["n_members"]) == (3, 24, 3)


@pytest.mark.parametrize("name", ["vote", "stack"])
def test_no_label_outside_validation_is_read(project, name):
    """Labels of images that no fold validates on are permuted: not a byte changes."""
    files = [project / "data/predictions" / f"{name}.csv", project / "metrics/train" / f"{name}.json"]
    ensemble.main(name)
    before = [file.read_bytes() for file in files]
    said = read_table("data/predictions/one.csv", PREDICTIONS)
    manifest = pd.read_csv("data/manifest.csv", dtype=str, keep_default_na=False)
    rest = ~manifest["image_id"].isin(said.loc[said["role"] == "val", "image_id"])
    tested = manifest["image_id"].isin(said.loc[said["role"] == "test", "image_id"])
    manifest.loc[rest, "label"] = manifest.loc[rest, "label"].sample(frac=1, random_state=1).to_numpy()
    assert (rest & tested).sum() > 50
    write_table(manifest, "data/manifest.csv")
    ensemble.main(name)
    assert [file.read_bytes() for file in files] == before


def test_test_labels_of_a_fold_do_not_move_that_fold(project):
    before = written("stack").query("fold == 0")
    manifest = pd.read_csv("data/manifest.csv", dtype=str, keep_default_na=False)
    tested = manifest["image_id"].isin(before.loc[before["role"] == "test", "image_id"])
    manifest.loc[tested, "label"] = "pro"
    write_table(manifest, "data/manifest.csv")
    assert written("stack").query("fold == 0").equals(before)


def test_validation_rows_of_a_stack_are_cross_fitted(project):
    """The labels of one group move what is said of other groups' validation rows, never of its own."""
    before = written("stack").query("fold == 0 and role == 'val'")
    manifest = pd.read_csv("data/manifest.csv", dtype=str, keep_default_na=False)
    own = before["image_id"].str[1:].astype(int) % 24 == int(before["image_id"].iloc[0][1:]) % 24
    manifest.loc[manifest["image_id"].isin(before.loc[own, "image_id"]), "label"] = "pro"
    write_table(manifest, "data/manifest.csv")
    after = written("stack").query("fold == 0 and role == 'val'")
    same = (before[P] == after[P]).all(axis=1)
    assert same[own].all() and not same[~own].all()


def test_samples_that_a_member_lacks_are_left_out_and_counted(project):
    said = read_table("data/predictions/three.csv", PREDICTIONS)
    write_table(said[said["image_id"] != "i000"], "data/predictions/three.csv")
    assert "i000" not in set(written("vote")["image_id"])
    assert json.loads((project / "metrics/train/vote.json").read_text())["n_test_left_out"] == 1


def test_the_order_of_a_members_rows_does_not_matter(project):
    before = written("vote")
    said = read_table("data/predictions/two.csv", PREDICTIONS)
    write_table(said.sample(frac=1, random_state=1), "data/predictions/two.csv")
    assert written("vote").equals(before)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "vote", "of": ["one", "two", "thee"]}, r"unknown member 'thee'; did you mean 'three'\?"),
        ({"kind": "vote", "of": ["one", "two", "mine"]}, "names itself"),
        ({"kind": "vote", "of": ["one", "two", "two"]}, "named twice"),
        ({"kind": "vote", "of": ["one", "two"]}, "at least 3 items"),
        ({"kind": "mean", "of": MEMBERS}, "'vote' or 'stack'"),
    ],
)
def test_rows_that_make_no_ensemble_are_refused(project, row, message):
    setting(project, mine=row)
    with pytest.raises(HemapipeError, match=message):
        ensemble.main("mine")


def change(role, other):
    for name in MEMBERS:
        said = read_table(f"data/predictions/{name}.csv", PREDICTIONS)
        write_table(said.replace({"role": {role: other}}), f"data/predictions/{name}.csv")


def test_a_stack_without_validation_rows_is_refused_and_a_vote_is_not(project):
    change("val", "train")
    assert len(written("vote")) == 480
    with pytest.raises(HemapipeError, match=r"fold 0 has no validation rows .*split.val_frac"):
        ensemble.main("stack")


def test_members_without_common_test_rows_are_refused(project):
    said = read_table("data/predictions/one.csv", PREDICTIONS)
    write_table(said[said["role"] != "test"], "data/predictions/one.csv")
    with pytest.raises(HemapipeError, match="share no test rows"):
        ensemble.main("vote")


def test_a_missing_calibration_is_named(project):
    (project / "data/calibration/two.json").unlink()
    with pytest.raises(HemapipeError, match=r"two.json not found: `dvc repro` makes it"):
        ensemble.main("vote")
