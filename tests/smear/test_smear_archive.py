import io
import zipfile

import cv2
import numpy as np
import pandas as pd
import pytest

from hemapipe import images
from hemapipe.smear.archive import generate
from hemapipe.smear.cohort import cohort, shared_out
from hemapipe.smear.params import SyntheticParams
from hemapipe.smear.truth import measure, read_masks

QUIET = {"n_exact_repeats": 0, "n_near_repeats": 0, "n_conflicts": 0, "n_truncated": 0, "n_unreadable": 0}
SMALL = {"n_patients": 8, "n_images": 48, "px": 64}
FAULTY = {"n_exact_repeats": 4, "n_near_repeats": 4, "n_conflicts": 2, "n_truncated": 2, "n_unreadable": 2}


class Collection:
    def __init__(self, path):
        self.path = path
        with zipfile.ZipFile(path) as opened:
            self.infos = opened.infolist()
            self.files = {info.filename: opened.read(info) for info in self.infos}
        self.images = self.table("truth/images.csv").set_index("path")
        self.faults = self.table("truth/faults.csv")
        self.masks = read_masks(path)

    def table(self, name):
        return pd.read_csv(io.BytesIO(self.files[name]), keep_default_na=False)

    def pixels(self, path):
        return images.decode(self.files[path]).pixels

    def of(self, fault):
        return self.faults[self.faults["fault"] == fault]


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    made = {}

    def _make(seed=1, n_jobs=1, **changes):
        key = (seed, n_jobs, *sorted(changes.items()))
        if key not in made:
            out = tmp_path_factory.mktemp("smear") / "raw.zip"
            generate(SyntheticParams(**{**SMALL, **QUIET, **changes}), seed, out, n_jobs)
            made[key] = Collection(out)
        return made[key]

    return _make


@pytest.fixture(scope="session")
def plain(make):
    return make()


@pytest.fixture(scope="session")
def faulty(make):
    return make(**FAULTY)


def test_equal_seeds_give_equal_bytes_and_others_do_not(make, tmp_path):
    params = SyntheticParams(**{**SMALL, **FAULTY})
    generate(params, 1, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == make(**FAULTY).path.read_bytes()
    generate(params, 2, tmp_path / "other.zip")
    assert (tmp_path / "other.zip").read_bytes() != make(**FAULTY).path.read_bytes()


def test_worker_processes_give_the_same_bytes(make):
    assert make(n_jobs=2, **FAULTY).path.read_bytes() == make(**FAULTY).path.read_bytes()


def test_archive_is_stored_with_fixed_times(plain):
    assert {info.date_time for info in plain.infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in plain.infos} == {zipfile.ZIP_STORED}


def test_every_image_decodes_and_has_a_row_and_masks(plain):
    files = sorted(name for name in plain.files if name.startswith("images/"))
    assert files == list(plain.images.index) == sorted(plain.masks)
    assert len(files) == SMALL["n_images"]
    for path in files:
        decoded = images.decode(plain.files[path])
        assert (decoded.status, decoded.note, decoded.pixels.shape) == ("ok", "", (64, 64, 3))
        assert path == "images/{patient}/{true_label}/{patient}-{sequence:03d}.jpg".format(**plain.images.loc[path])


def test_shares_and_sequences(plain):
    by_label = plain.images["true_label"].value_counts().to_dict()
    assert by_label == shared_out(48, {"benign": 0.16, "early": 0.30, "pre": 0.29, "pro": 0.25})
    assert plain.images.groupby("patient")["true_label"].nunique().eq(1).all()
    for _, rows in plain.images.groupby("patient"):
        assert sorted(rows["sequence"]) == list(range(1, len(rows) + 1))


def test_attributes_are_those_of_the_masks(plain):
    for path, (label, instance) in plain.masks.items():
        row, white = plain.images.loc[path], np.isin(label, (2, 3))
        assert row["n_white"] == len(np.unique(instance[white])) >= 1
        assert row["cell_area_px"] * row["n_white"] == pytest.approx(white.sum(), rel=1e-5)
        assert row["nucleus_area_px"] * row["n_white"] == pytest.approx((label == 3).sum(), rel=1e-5)
        assert row["nc_ratio"] == pytest.approx((label == 3).sum() / white.sum(), rel=1e-5)
        assert ((label > 0) == (instance > 0)).all()
        assert not set(np.unique(instance[white])) & set(np.unique(instance[label == 1]))


def test_measure_on_a_drawn_answer():
    label, instance = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    label[:4, :4], instance[:4, :4] = 2, 7
    label[1:3, 1:3] = 3
    label[6:8, 6:8], instance[6:8, 6:8] = 1, 3
    label[9, 9], instance[9, 9] = 1, 4  # a sliver: not counted
    assert measure(label, instance, {7: 2}) == {
        "n_white": 1,
        "nucleus_area_px": 4,
        "cell_area_px": 16,
        "nc_ratio": 0.25,
        "nucleoli": 2,
        "n_red": 1,
    }
    assert set(measure(label * 0, instance * 0, {}).values()) == {0}


def test_masks_lie_on_the_pixels(plain):
    """Nuclei are darker in green than red cells, those than the empty field, in every image."""
    for path, (label, _) in plain.masks.items():
        green = plain.pixels(path)[:, :, 1].astype(float)
        nucleus, red, empty = (np.median(green[label == value]) for value in (3, 1, 0))
        assert nucleus < red < empty, path


def test_counts_of_faults_are_those_asked_for(faulty):
    counts = faulty.faults["fault"].value_counts().to_dict()
    assert counts == {"exact_repeat": 4, "near_repeat": 4, "conflict": 2, "truncated": 2, "unreadable": 2}
    assert len(faulty.images) == SMALL["n_images"] + 4 + 4 + 2
    assert not faulty.faults["path"].duplicated().any()
    assert not set(faulty.faults["of_path"]) & set(faulty.faults["path"])


def test_exact_repeats_have_the_same_bytes_half_of_them_under_a_second_patient(faulty):
    repeats = faulty.of("exact_repeat")
    assert all(faulty.files[row.path] == faulty.files[row.of_path] for row in repeats.itertuples())
    patients = [{path.split("/")[1] for path in pair} for pair in zip(repeats["path"], repeats["of_path"], strict=True)]
    labels = [{path.split("/")[2] for path in pair} for pair in zip(repeats["path"], repeats["of_path"], strict=True)]
    assert sorted(len(names) for names in patients) == [1, 1, 2, 2]
    assert all(len(names) == 1 for names in labels)
    assert len({frozenset(names) for names in patients if len(names) == 2}) == 1


def test_conflicts_have_the_same_bytes_under_another_label(faulty):
    for row in faulty.of("conflict").itertuples():
        assert faulty.files[row.path] == faulty.files[row.of_path]
        assert row.path.split("/")[2] != row.of_path.split("/")[2] == row.detail
        assert faulty.images.loc[row.path, "true_label"] == row.detail


def test_near_repeats_differ_but_little_once_undone(faulty):
    kinds = []
    for row in faulty.of("near_repeat").itertuples():
        near, original = (faulty.pixels(path).astype(float) for path in (row.path, row.of_path))
        kind, *values = row.detail.split(" ")
        kinds.append(kind)
        assert not np.array_equal(near, original)
        if kind == "flip":
            near = near[:, ::-1]
        else:
            angle, dx, dy, gain = (float(value.split("=")[1]) for value in values)
            matrix = cv2.getRotationMatrix2D((31.5, 31.5), angle, 1)
            matrix[:, 2] += dx, dy
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            near = cv2.warpAffine(near / gain, matrix, (64, 64), flags=flags)
        middle = slice(14, 50)
        difference = np.abs(near - original)[middle, middle].mean()
        assert difference < 9, row.detail
        label = faulty.masks[row.path][0]
        assert faulty.images.loc[row.path, "cell_area_px"] > 0 and set(np.unique(label)) <= {0, 1, 2, 3}
    assert sorted(kinds) == ["brighten", "flip", "rotate", "shift"]


def test_damaged_files_are_damaged(faulty):
    for row in faulty.of("truncated").itertuples():
        assert images.decode(faulty.files[row.path]).status == "truncated"
    for row in faulty.of("unreadable").itertuples():
        assert images.decode(faulty.files[row.path]).status == "unreadable"


def test_faults_leave_all_other_files_as_they_were(plain, faulty):
    spoilt = set(faulty.of("truncated")["path"]) | set(faulty.of("unreadable")["path"])
    for path in plain.images.index:
        assert (faulty.files[path] == plain.files[path]) == (path not in spoilt)


def test_leaning_background_tints_and_is_measurable(plain, make):
    leaning = make(background_leans=True)
    rows = leaning.of("background_leans")
    assert 0.6 < len(rows) / 48 < 1.0
    changed = {path for path in plain.images.index if plain.files[path] != leaning.files[path]}
    assert changed == set(rows["path"])

    def yellowness(collection, label):
        paths = collection.images.index[collection.images["true_label"] == label]
        fields = [collection.pixels(path)[collection.masks[path][0] == 0].mean(axis=0) for path in paths]
        return np.mean([field[0] - field[2] for field in fields])

    shift = {label: yellowness(leaning, label) - yellowness(plain, label) for label in ("benign", "early", "pre")}
    assert shift["benign"] > 8 and shift["pre"] < -8
    assert leaning.masks.keys() == plain.masks.keys()
    assert all((leaning.masks[path][0] == plain.masks[path][0]).all() for path in plain.masks)


def test_leaning_scale_bar_shows_where_the_truth_says(plain, make):
    barred = make(n_images=120, scale_bar_leans=True)
    assert not plain.images["scale_bar"].any()
    without = make(n_images=120)
    for path, row in barred.images.iterrows():
        assert (barred.files[path] != without.files[path]) == row["scale_bar"]
        if row["scale_bar"]:
            box = barred.pixels(path)[-8:-2, -14:-4]
            assert box.min() < 90 and np.median(box) > 230  # black on white
            assert (barred.masks[path][0][-8:-2, -14:-4] == 0).all()
    share = barred.images.groupby("true_label")["scale_bar"].mean()
    assert share["pro"] > share["benign"] + 0.3
    assert set(barred.of("scale_bar")["path"]) == set(barred.images.index[barred.images["scale_bar"] == 1])


def test_cohort_is_complete_and_names_hide_the_class():
    patients = cohort(SyntheticParams(), 2026)
    assert len(patients) == 40 and sum(patient.n_images for patient in patients) == 800
    labels = [patient.label for patient in patients]
    assert labels != sorted(labels) and set(labels) == {"benign", "early", "pre", "pro"}


def test_shared_out():
    assert shared_out(10, {"a": 1, "b": 1, "c": 2}) == {"a": 3, "b": 3, "c": 4}
    assert shared_out(2, {"a": 1e-9, "b": 1}) == {"a": 1, "b": 1}
