import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from audit_examples import fields
from PIL import Image

from hemapipe import archive, images
from hemapipe.audit import metadata, regions
from hemapipe.cells.colour import lab
from hemapipe.cells.segment import segment


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """One generated field with a scale bar, one without, and the true masks are not needed."""
    path = fields(
        tmp_path_factory.mktemp("fields") / "raw.zip", n_patients=2, n_images=12, px=128, scale_bar_leans=True
    )
    with zipfile.ZipFile(path) as opened:
        truth = pd.read_csv(io.BytesIO(opened.read("truth/images.csv"))).set_index("path")["scale_bar"]
        read = {name: images.decode(archive.read(opened, name)).pixels for name in truth.index}
    return path, {bar: [read[name] for name in truth.index[truth == bar]] for bar in (0, 1)}


def border_of(image):
    return regions.border(image, lab(image))


def test_the_border_sees_scale_bars_and_no_cells(field):
    _, by_bar = field
    with_bar, without = (np.array([border_of(image) for image in by_bar[bar]]) for bar in (1, 0))
    lower_right = slice(7 * 3, 8 * 3)
    assert (with_bar[:, lower_right].sum(axis=1) > 0.05).all()
    assert without.max() < 0.02


def test_frames_are_constant_lines():
    image = np.random.default_rng(0).integers(100, 200, (32, 32, 3), dtype=np.uint8)
    image[-1] = 255
    assert border_of(image)[-4:].tolist() == [0, 1, 0, 0]


def test_the_background_is_far_from_cells_and_its_colour_is_the_light(field):
    image = field[1][0][0]
    found = segment(image)
    mask = regions.background_mask(found)
    assert mask.any() and not (mask & ~found.background).any() and mask.sum() < found.background.sum()
    tinted = np.clip(image * [1.0, 0.97, 0.85], 0, 255).astype(np.uint8)
    colour, other = (regions.background_colour(lab(one), mask) for one in (image, tinted))
    assert other[2] > colour[2] + 3  # the median b*: yellower
    assert np.isnan(regions.background_colour(lab(image), np.zeros_like(mask))).all()


def test_a_cell_on_black_has_a_size_and_no_background():
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:44, 20:44] = (150, 80, 160)
    found = segment(image)
    assert found.single_cell and not regions.background_mask(found).any()
    assert regions.cell_size(found)[0] == 1


def test_metadata_of_each_format_without_decoding(tmp_path):
    pixels = Image.fromarray(np.zeros((20, 30, 3), np.uint8))
    content = {}
    for kind, options in (("JPEG", {"quality": 95}), ("JPEG", {"quality": 50}), ("PNG", {}), ("BMP", {}), ("TIFF", {})):
        buffer = io.BytesIO()
        pixels.save(buffer, kind, **options)
        content[f"{len(content)}.{kind.lower()}"] = buffer.getvalue()
    archive.pack({}, tmp_path / "raw.zip", content)
    table = metadata.read(tmp_path / "raw.zip", list(content))
    assert table["bytes"].tolist() == [len(data) for data in content.values()]
    assert table["width"].eq(30).all() and table["height"].eq(20).all() and table["format"].nunique() == 4
    assert 0 < table["quality_luma"][0] < table["quality_luma"][1] and table["quality_luma"][2] == 0


def test_metadata_tells_compression_bits_chroma_and_resolution(tmp_path):
    pixels = Image.fromarray(np.zeros((20, 30, 3), np.uint8))
    deep = Image.fromarray(np.zeros((20, 30), np.uint16))
    options = {
        "lzw.tif": (pixels, {"compression": "tiff_lzw"}), "raw.tif": (pixels, {}),
        "full.jpg": (pixels, {"subsampling": 0, "dpi": (300, 300)}), "half.jpg": (pixels, {"subsampling": 2}),
        "deep.png": (deep, {}), "grey.png": (pixels.convert("L"), {}),
    }  # fmt: skip
    content = {}
    for name, (image, how) in options.items():
        buffer = io.BytesIO()
        image.save(buffer, {"tif": "TIFF", "jpg": "JPEG", "png": "PNG"}[name[-3:]], **how)
        content[name] = buffer.getvalue()
    archive.pack({}, tmp_path / "raw.zip", content)
    table = metadata.read(tmp_path / "raw.zip", list(content)).set_axis(list(content))
    assert tuple(table.columns) == metadata.COLUMNS and not table.isna().any(axis=None)
    for one, other, column in (
        ("lzw.tif", "raw.tif", "compression"), ("full.jpg", "half.jpg", "subsampling"),
        ("deep.png", "grey.png", "pixels"), ("full.jpg", "half.jpg", "resolution"),
    ):  # fmt: skip
        assert table.at[one, column] != table.at[other, column]
    assert table.at["full.jpg", "resolution"] == 300


def test_the_black_around_a_cell_is_no_empty_slide():
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:44, 20:44] = (150, 80, 160)
    assert not regions.background_mask(segment(image)).any()
