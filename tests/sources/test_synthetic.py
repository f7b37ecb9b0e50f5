import zipfile

import pytest

from hemapipe import sources
from hemapipe.smear.params import SyntheticParams
from hemapipe.sources import base, synthetic

SMALL = SyntheticParams(n_patients=4, n_images=8, px=32, n_exact_repeats=1, n_near_repeats=1, n_conflicts=1)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    out = tmp_path_factory.mktemp("synthetic") / "new" / "raw.zip"
    synthetic.fetch(SMALL, 3, 1, None, out)
    return out


def test_is_found_by_its_name():
    module = sources.load("synthetic")
    assert module is synthetic and module.NAME == "synthetic" and module.EXPECTED is None
    assert module.Params is SyntheticParams
    assert all(isinstance(getattr(module, name), str) for name in ("TITLE", "LICENCE", "HOMEPAGE", "CITATION"))


def test_describes_every_image_and_nothing_else(raw):
    with zipfile.ZipFile(raw) as archive:
        names = archive.namelist()
        table = synthetic.describe(names, archive, SMALL)
    assert list(table.columns) == base.COLUMNS
    assert list(table["path"]) == sorted(name for name in names if name.startswith("images/"))
    assert len(table) == 8 + 3
    assert set(table["label"]) == {"benign", "early", "pre", "pro"} and table["patient"].nunique() == 4
    assert table["sequence"].str.fullmatch(r"\d{3}").all() and (table["official"] == "").all()
    assert all(isinstance(value, str) for value in table.to_numpy().ravel())
    assert synthetic.describe([], None, SMALL).empty


def test_nothing_in_the_archive_but_images_looks_like_one(raw):
    with zipfile.ZipFile(raw) as archive:
        beside = {name for name in archive.namelist() if not name.startswith("images/")}
    assert beside == {"truth/images.csv", "truth/faults.csv", "truth/masks.npz"}
