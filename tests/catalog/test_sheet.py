import numpy as np
import pytest
from PIL import Image

from hemapipe.catalog.sheet import contact_sheet


def _images(n, height=40, width=40, value=None):
    rng = np.random.default_rng(0)
    return [
        np.full((height, width, 3), value, np.uint8)
        if value is not None
        else rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        for _ in range(n)
    ]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_sheet_is_small_whatever_it_shows(tmp_path, suffix):
    path = tmp_path / "plots" / f"sheet{suffix}"
    contact_sheet({"benign": _images(16, 128, 128), "früh": _images(16, 300, 200)}, path)
    assert 10_000 < path.stat().st_size <= 300_000
    first = path.read_bytes()
    contact_sheet({"benign": _images(16, 128, 128), "früh": _images(16, 300, 200)}, path)
    assert path.read_bytes() == first


def test_each_image_is_in_its_place_with_its_proportions(tmp_path):
    path = tmp_path / "sheet.png"
    red = np.zeros((50, 100, 3), np.uint8)
    red[:, :, 0] = 255
    contact_sheet({"a": _images(2, value=0), "b": [red]}, path, columns=2)
    sheet = np.asarray(Image.open(path).convert("RGB")).astype(int)
    is_red = (sheet[:, :, 0] > 200) & (sheet[:, :, 1] < 60)
    rows, cols = np.nonzero(is_red)
    assert np.ptp(cols) + 1 == pytest.approx(2 * (np.ptp(rows) + 1), rel=0.05)
    assert rows.min() > sheet.shape[0] / 2 and cols.max() < sheet.shape[1] / 2
    black = (sheet.max(axis=2) < 30)[: sheet.shape[0] // 2]
    assert black.mean() > 0.7


def test_nothing_to_show_is_a_blank_sheet(tmp_path):
    contact_sheet({}, tmp_path / "a.png")
    contact_sheet({"empty": []}, tmp_path / "b.png")
    assert (tmp_path / "a.png").exists() and (tmp_path / "b.png").exists()
