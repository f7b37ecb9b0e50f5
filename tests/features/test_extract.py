"""Writing feature files: every kind, in chunks, aligned with the images."""

import numpy as np
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.features.extract import Extractor, fill, write_features
from hemapipe.features.params import FeatureRow


def row(**values) -> FeatureRow:
    return check(FeatureRow, {"px": 32, **values}, "extract_features.x")


class Counted:
    """Images that note how many are asked for at once."""

    def __init__(self, images):
        self.images, self.asked = images, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        self.asked.append(len(self.images[rows]))
        return self.images[rows]


def test_pixels_are_the_flattened_image_in_unit_range(packed, tmp_path):
    path = tmp_path / "features" / "pixels.npy"
    assert write_features(packed, row(kind="pixels"), 1, path) == (7, 32 * 32 * 3)
    values = np.load(path)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.reshape(packed.shape) * 255, packed, atol=1e-4)


def test_a_backbone_row_gives_its_features(packed, tmp_path):
    network = row(kind="backbone", builder="timm", arch="mobilenetv3_small_050", weights="scratch", batch_size=4)
    assert write_features(packed, network, 1, tmp_path / "x.npy") == (7, 1024)


def test_only_a_chunk_of_images_is_in_memory(packed, tmp_path):
    images = Counted(packed)
    make = Extractor(lambda chunk: chunk.reshape(len(chunk), -1)[:, :5].astype(np.float32), chunk=3)
    assert fill(images, make, tmp_path / "x.npy") == (7, 5)
    assert images.asked == [3, 3, 1]
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), packed.reshape(7, -1)[:, :5])


def test_without_images_the_file_is_empty_and_nothing_is_loaded(packed, tmp_path):
    unknown = row(kind="backbone", builder="timm", arch="no_such_network")
    assert write_features(packed[:0], unknown, 1, tmp_path / "x.npy") == (0, 0)
    assert np.load(tmp_path / "x.npy").shape == (0, 0)


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"kind": "backbone", "builder": "timm"}, "needs `builder`"),
        ({"kind": "pixels", "arch": "resnet18"}, "remove arch"),
        ({"kind": "deep"}, "handcrafted"),
        ({"kind": "pixels", "px": 8}, "greater than or equal to 16"),
        ({"kind": "pixels", "pxx": 8}, "did you mean 'px'"),
    ],
)
def test_impossible_rows_are_refused(values, complaint):
    with pytest.raises(HemapipeError, match=complaint):
        row(**values)
