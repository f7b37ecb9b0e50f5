"""Small archives for the catalog's tests."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def picture():
    """Return a function: number → bytes of a picture of its own, in any format and mode."""

    def make(number: int, kind: str = "PNG", mode: str = "RGB", **options) -> bytes:
        pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
        return buffer.getvalue()

    return make


@pytest.fixture
def make_zip(tmp_path):
    """Return a function: entries (name or ZipInfo → bytes) → path of a zip."""

    def make(files: dict) -> object:
        path = tmp_path / "raw.zip"
        with zipfile.ZipFile(path, "w") as opened:
            for name, content in files.items():
                opened.writestr(name, content)
        return path

    return make
