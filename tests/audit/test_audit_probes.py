import dataclasses
import zipfile

import numpy as np
import pytest
from audit_examples import fields, inputs_of, people

from hemapipe import archive, images
from hemapipe.audit import probes, regions, shortcuts, suspects
from hemapipe.audit.folds import Folds, honest_folds
from hemapipe.audit.probes import Probe, run_probe
from hemapipe.cells.colour import lab
from hemapipe.cells.segment import segment
from hemapipe.core.errors import HemapipeError


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
    assert folds.words == "whole groups, 3 folds; without c (one group)" and folds.left_out == ["c"]
    for rows, why in ((people(9, "a"), "only one class is known"), ([{"label": ""}] * 5, "no label is known")):
        with pytest.raises(HemapipeError, match=why):
            honest_folds(inputs_of(rows, tmp_path), 5, 0)


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
        colours = lab(image)
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
    return Probe(value, low, high, 0.5, "", np.arange(80), np.full((80, 2), 0.5), 80)


def findings_of(twenty, single=False, left_out=(), **changed):
    base = dict.fromkeys((*probes.NAMES, "metadata_without_bytes"), probe(0.5, 0.4, 0.6))
    base |= {"full_image": probe(0.9, 0.85, 0.95), "background_neutralised": probe(0.9, 0.85, 0.95), **changed}
    folds = Folds([], "", list(left_out), single)
    return {finding.check: finding for finding in shortcuts.check_shortcuts(twenty, base, folds)}


def judged(twenty, **changed):
    return {name: finding.verdict for name, finding in findings_of(twenty, **changed).items()}


def test_verdicts_of_the_probes(twenty):
    assert set(judged(twenty).values()) == {"ok"}
    assert judged(twenty, border=probe(0.8, 0.7, 0.9))["border"] == "inflates"
    assert judged(twenty, border=probe(0.6, 0.56, 0.64))["border"] == "warning"  # a quarter of the way
    assert judged(twenty, border=probe(0.53, 0.51, 0.55))["border"] == "ok"  # within luck's margin
    # the number of bytes follows the picture: it alone is no shortcut
    assert judged(twenty, metadata=probe(0.8, 0.7, 0.9))["metadata"] == "ok"
    assert judged(twenty, metadata=probe(0.95, 0.9, 1))["metadata"] == "warning"  # the picture tells less
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
    unchecked = suspects.not_checked("no label is known")
    assert unchecked.verdict == "warning" and unchecked.evidence == "Not checked: no label is known."


def layout(seed, n_groups=14):
    """Return labels, groups and folds of groups of random sizes in random folds."""
    random = np.random.default_rng(seed)
    sizes, names = random.geometric(0.25, n_groups), np.array([f"g{number:02d}" for number in range(n_groups)])
    labels, groups = np.repeat(random.permutation(list("ab" * (n_groups // 2))), sizes), np.repeat(names, sizes)
    fold = np.repeat(random.permutation(np.arange(n_groups) % 4), sizes)
    return labels, groups, Folds([(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(4)], "", [])


@pytest.mark.parametrize("nothing", [np.nan, 0.0, 217.3])
@pytest.mark.parametrize("name", ["background_colour", "full_image"])
def test_a_probe_that_sees_nothing_is_at_chance_whatever_the_groups(nothing, name):
    for seed in range(25):
        labels, groups, folds = layout(seed)
        found = run_probe(name, np.full((len(labels), 3), nothing), labels, groups, folds, 100, 1)
        assert (found.balanced_accuracy, found.low, found.high) == (0.5, 0.5, 0.5)
        assert not found.varies and found.n_seen == (0 if np.isnan(nothing) else len(labels))


def test_equal_probabilities_share_the_score():
    probabilities = np.array([[0.5, 0.5, 0], [0.5 + 1e-9, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.4, 0], [0.6, 0.4, 0]])
    assert probes.credit(np.array([1, 1, 2, 0, 1]), probabilities) == pytest.approx([0.5, 0.5, 1 / 3, 1, 0])


@pytest.mark.parametrize(
    ("extra", "single"),
    [
        ([], True),
        ([{"label": "a", "patient": "p1"}], True),  # one image of 61 has a patient
        (people(12), False),
    ],
)
def test_without_patients_and_order_folds_are_of_single_images_and_say_so(tmp_path, extra, single):
    rows = [*extra, *[{"label": label} for label in "ab" for _ in range(30)]]
    folds = honest_folds(inputs_of(rows, tmp_path), 5, 0)
    words = "single images: neither patients nor an order are known, 5 folds"
    assert folds.single == single and (folds.words == words) == single


def test_a_probe_on_single_images_accuses_nobody(twenty):
    finding = findings_of(twenty, single=True, border=probe(0.8, 0.7, 0.9))["border"]
    assert finding.verdict == "warning"
    assert "cannot be told from patients seen in training" in finding.evidence


def test_classes_left_out_are_named(twenty):
    for finding in findings_of(twenty, left_out=["c"]).values():
        assert finding.evidence.endswith("Not of c: one group.")


def test_what_is_not_seen_or_not_settled_is_no_ok(twenty):
    blind = dataclasses.replace(probe(0.5, 0.5, 0.5), n_seen=30, varies=False)
    found = findings_of(twenty, background_colour=blind, border=probe(0.5, 0.3, 0.7), mean_colour=probe(0.5, 0.3, 0.7))
    for name in ("background_colour", "background_neutralised"):
        assert found[name].verdict == "warning" and "no empty slide in 50 of 80 images" in found[name].evidence
    assert shortcuts.unjudged(dict.fromkeys(["background_colour"], blind)) == {
        "background_colour", "background_neutralised"
    }  # fmt: skip
    for name in ("border", "mean_colour"):
        assert found[name].verdict == "warning" and found[name].advice.startswith("Too few groups to tell")
    assert "nothing to see" in findings_of(twenty, border=dataclasses.replace(blind, n_seen=80))["border"].evidence
    why = "only one class is known (a)"
    assert shortcuts.not_run(twenty, why).verdict == "warning" and why in shortcuts.not_run(twenty, why).evidence
