"""The join of plan, packed rows and permitted labels."""

import pandas as pd
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import OPS
from hemapipe.samples import load_samples


@pytest.fixture
def manifest() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": ["a", "b", "c", "d"],
            "label": ["pre", "benign", "", "pre"],
            "status": ["ok", "unreadable", "truncated", "ok"],
        }
    )


def plan(*rows: tuple[str, int, str]) -> pd.DataFrame:
    neutral = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.0, "crop_y": 0.0}
    return pd.DataFrame(
        {"sample_id": f"{image}+{n}", "image_id": image, "variant": n, **neutral, "fold": 0, "role": role, "inner": -1}
        for n, (image, _, role) in enumerate(rows)
    )


def test_rows_skip_what_no_decoder_opens_and_order_is_kept(manifest):
    samples = load_samples(manifest, plan(("d", 0, "train"), ("a", 0, "val"), ("d", 0, "train")))
    assert list(samples["row"]) == [2, 0, 2]
    assert list(samples.columns) == ["sample_id", "image_id", "variant", *OPS, "fold", "role", "inner", "row", "target"]


def test_only_training_and_validation_have_targets(manifest):
    samples = load_samples(manifest, plan(*[("d", 0, role) for role in ("train", "val", "test", "embargo")]))
    assert list(samples["target"]) == [1, 1, -1, -1]  # classes are benign, pre


def test_changing_a_test_label_changes_nothing(manifest):
    samples = plan(("d", 0, "test"), ("a", 0, "train"))
    other = manifest.assign(label=["pre", "benign", "", "benign"])
    pd.testing.assert_frame_equal(load_samples(manifest, samples), load_samples(other, samples))


@pytest.mark.parametrize("image, match", [("zzz", "zzz"), ("b", "lacks or cannot decode"), ("c", "no label")])
def test_impossible_rows_are_refused(manifest, image, match):
    with pytest.raises(HemapipeError, match=match):
        load_samples(manifest, plan((image, 0, "train")))
