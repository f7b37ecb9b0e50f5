"""The feature table: shape, order, and independence of how the work is shared out."""

import numpy as np

from hemapipe.cells.attributes import NAMES, attributes
from hemapipe.cells.segment import segment
from hemapipe.features.handcrafted import extract


def some_images(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48, 3), np.uint8)


def test_rows_are_the_attributes():
    images = some_images()
    table = extract(images)
    assert table.shape == (5, len(NAMES))
    assert table.dtype == np.float32
    expected = np.array(list(attributes(images[3], segment(images[3])).values()), np.float32)
    assert (table[3] == expected).all()


def test_no_images():
    assert extract(some_images(0)).shape == (0, len(NAMES))


def test_memory_map_list_and_processes_agree(tmp_path):
    images = some_images(40)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    one = extract(images)
    assert (extract(mapped, n_jobs=2) == one).all()
    assert (extract(list(images)) == one).all()


def test_images_of_different_sizes():
    images = [image[: 30 + 2 * index] for index, image in enumerate(some_images(3))]
    assert np.isfinite(extract(images)).all()
