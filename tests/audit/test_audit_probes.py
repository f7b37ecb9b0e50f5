import dataclasses
import zipfile

import numpy as np
import pytest
from audit_examples import fields, inputs_of, people

from hemapipe import archive, images
from hemapipe.audit import probes, regions, shortcuts, suspects
from hemapipe.audit.folds import honest_folds
from hemapipe.audit.probes import Probe, run_probe
from hemapipe.cells.segment import segment


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """Ten patients of each of two classes, four images each."""
    return inputs_of(people(10), tmp_path_factory.mktemp("twenty"))


def probe_of(inputs, features, name="mean_colour"):
    rows = inputs.rows
    labels, groups = rows["label"].to_numpy(str), rows["group"].to_numpy(str)
    return run_probe(name, features, labels, groups, honest_folds(inputs, 5, 0), 200, 0)


@pytest.mark.parametrize("name", ["mean_colour", "full_image"])
def test_a_number_that_is_the_class_tells_all_and_noise_nothing(twenty, name):
    random = np.random.default_rng(0)
    is_b = (twenty.rows["label"] == "b").to_numpy(float)
    told, untold = (probe_of(twenty, features, name) for features in (is_b[:, None], random.normal(size=(80, 3))))
    assert told.balanced_accuracy == 1 and told.low > 0.8
    assert shortcuts.is_above_chance(told) and not shortcuts.is_above_chance(untold)
    assert told.chance == 0.5 and told.split == "whole groups, 5 folds" and len(told.rows) == 80


def test_a_number_that_names_the_patient_tells_nothing_about_new_ones(twenty):
    codes, _ = twenty.rows["patient"].factorize()
    patient = np.random.default_rng(1).normal(size=(20, 4))[codes]
    assert not shortcuts.is_above_chance(probe_of(twenty, patient))


def test_missing_numbers_are_filled(twenty):
    features = np.full((80, 2), np.nan)
    features[::2, 0] = (twenty.rows["label"] == "b").to_numpy(float)[::2]
    assert probe_of(twenty, features).balanced_accuracy > 0.5


def test_folds_are_fewer_where_groups_are_few_and_none_without_two_classes(tmp_path):
    folds = honest_folds(inputs_of(people(3) + people(1, "c"), tmp_path), 5, 0)
    assert folds.words == "whole groups, 3 folds" and folds.left_out == ["c"]
    assert honest_folds(inputs_of(people(9, "a"), tmp_path), 5, 0) is None
    assert honest_folds(inputs_of([{"label": ""}] * 5, tmp_path), 5, 0) is None


def test_without_patients_capture_order_and_an_embargo(tmp_path):
    rows = [{"label": label, "sequence": str(number)} for label in "ab" for number in range(60)]
    folds = honest_folds(inputs_of(rows, tmp_path), 5, 0)
    assert folds.words == "blocks of capture order, an embargo of 6 images, 5 folds"
    train, test = folds.pairs[1]
    assert test[:12].tolist() == list(range(12, 24)) and not set(range(6, 30)) & set(train)


class Fields:
    """A generated archive, decoded."""

    def __init__(self, folder, **params):
        path = fields(folder / "raw.zip", **params)
        with zipfile.ZipFile(path) as opened:
            names = sorted(name for name in opened.namelist() if name.startswith("images/"))
            self.images = np.stack([images.decode(archive.read(opened, name)).pixels for name in names])
        rows = [dict(zip(("path", "patient", "label"), (name, *name.split("/")[1:3]), strict=True)) for name in names]
        self.inputs = inputs_of(rows, folder, self.images)

    def sees(self, name):
        """Say whether the probe of that name tells the classes."""
        values = np.array([self._measured(name, image) for image in self.images])
        return shortcuts.is_above_chance(probe_of(self.inputs, values, name))

    def _measured(self, name, image):
        colours = regions.colours_of(image)
        if name == "border":
            return regions.border(image, colours)
        return regions.background_colour(colours, regions.background_mask(segment(image)))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Fields without a shortcut."""
    return Fields(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    ("leaning", "name"), [("background_leans", "background_colour"), ("scale_bar_leans", "border")]
)
def test_a_planted_shortcut_is_found_and_its_absence_too(plain, tmp_path, leaning, name):
    assert not plain.sees(name)
    assert Fields(tmp_path, **{leaning: True}).sees(name)


def probe(value, low, high):
    return Probe(value, low, high, 0.5, "", np.arange(80), np.full((80, 2), 0.5))


def judged(twenty, **changed):
    base = dict.fromkeys((*probes.NAMES, "metadata_without_bytes"), probe(0.5, 0.4, 0.6))
    base |= {"full_image": probe(0.9, 0.85, 0.95), "background_neutralised": probe(0.9, 0.85, 0.95), **changed}
    return {finding.check: finding.verdict for finding in shortcuts.check_shortcuts(twenty, base)}


def test_verdicts_of_the_probes(twenty):
    assert set(judged(twenty).values()) == {"ok"}
    assert judged(twenty, border=probe(0.8, 0.7, 0.9))["border"] == "inflates"
    assert judged(twenty, border=probe(0.6, 0.56, 0.64))["border"] == "warning"  # a quarter of the way
    assert judged(twenty, border=probe(0.53, 0.51, 0.55))["border"] == "ok"  # within luck's margin
    # the number of bytes follows the picture: it alone is no shortcut
    assert judged(twenty, metadata=probe(0.8, 0.7, 0.9))["metadata"] == "ok"
    both = {"metadata": probe(0.8, 0.7, 0.9), "metadata_without_bytes": probe(0.8, 0.7, 0.9)}
    assert judged(twenty, **both)["metadata"] == "inflates"
    assert judged(twenty, mean_colour=probe(0.85, 0.8, 0.9))["mean_colour"] == "warning"
    assert judged(twenty, background_neutralised=probe(0.7, 0.6, 0.8))["background_neutralised"] == "warning"


def test_flipped_labels_are_suspected_first():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    right = np.clip(random.normal(0.9, 0.05, 100), 0.7, 0.99)
    probabilities = np.where(np.arange(2)[None] == labels[:, None], right[:, None], 1 - right[:, None])
    labels[[3, 70]] = 1 - labels[[3, 70]]
    assert sorted(suspects.suspects(labels, probabilities)) == [3, 70]


def test_suspects_of_a_weak_classifier_are_no_warning(twenty):
    labels = (twenty.rows["label"] == "b").to_numpy(int)
    sure = np.eye(2)[labels] * 0.9 + 0.05
    sure[7] = sure[7, ::-1]
    strong, weak = (dataclasses.replace(probe(value, 0.5, 1), probabilities=sure) for value in (0.95, 0.6))
    findings = [suspects.check_labels(twenty, dict.fromkeys(probes.DEEP, one)) for one in (strong, weak)]
    assert [finding.verdict for finding in findings] == ["warning", "ok"]
    assert findings[0].panels[0].images == [("i007", "filed a, looks b (0.95)")]
    assert suspects.check_labels(twenty, {}).verdict == "ok"
