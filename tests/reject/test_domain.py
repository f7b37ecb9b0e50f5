"""Flags of new images, and a domain that survives its file."""

import cv2
import numpy as np
import pytest

from hemapipe.reject.distance import fit
from hemapipe.reject.domain import FLAGS, NOT_A_SMEAR, Domain, load_domain, save_domain
from hemapipe.reject.strangers import strangers

PX = 64


class Ready:
    """Images whose only feature is their mean colour."""

    def __init__(self, images):
        self.images = np.stack(images)

    def squares(self, px):
        return self.images

    def features(self, name):
        assert name == "colour"
        return self.images.mean(axis=(1, 2), dtype=np.float64)


@pytest.fixture
def smears():
    """Pinkish textured squares: sharp, of middling light."""
    rng = np.random.default_rng(3)
    base = np.array([225, 200, 215])
    return [
        np.clip(base + rng.normal(0, 25, (PX, PX, 1)) + rng.normal(0, 4, 3), 0, 255).astype(np.uint8) for _ in range(30)
    ]


@pytest.fixture
def domain(smears):
    gaussian = fit(Ready(smears).features("colour"), 2, 0)
    return Domain("colour", PX, gaussian, 8.0, (0.5, 0.5))


def test_an_image_like_the_others_has_no_flag(domain, smears):
    assert not any(NOT_A_SMEAR in flags for flags in domain.flags(Ready(smears)))


@pytest.mark.parametrize(
    ("spoil", "flag"),
    [
        (lambda image: np.full_like(image, 255), "low_information"),
        (lambda image: (image * 0.2).astype(np.uint8), "dark"),
        (lambda image: np.full_like(image, 250), "light"),
        (lambda image: np.where(image > 0, 255, 255).astype(np.uint8), "clipped"),
        (
            lambda image: cv2.GaussianBlur(image, (0, 0), 6) + np.arange(PX, dtype=np.uint8)[:, None, None] // 4,
            "blurred",
        ),
        (lambda image: image[..., ::-1] // 2 + np.array([0, 120, 0], np.uint8), NOT_A_SMEAR),
    ],
)
def test_what_is_wrong_is_flagged(domain, smears, spoil, flag):
    (flags,) = domain.flags(Ready([spoil(smears[0])]))
    assert flag in flags
    assert set(flags) <= set(FLAGS)


def test_the_file_keeps_all_and_is_equal_for_equal_content(domain, smears, tmp_path):
    save_domain(domain, tmp_path / "a.npz")
    save_domain(domain, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load_domain(tmp_path / "a.npz")
    ready = Ready(smears)
    assert again.gaussian.distance(ready.features("colour")) == pytest.approx(
        domain.gaussian.distance(ready.features("colour")), rel=1e-4
    )
    assert again[:2] + again[3:] == domain[:2] + domain[3:]
    assert load_domain(tmp_path / "none.npz") is None


def test_strangers_are_many_different_and_drawn_by_seed():
    found = strangers(1)
    assert {"photo", "noise", "blank", "text"} == set(found)
    assert len(found["photo"]) > 20
    assert all(one.dtype == np.uint8 and one.ndim == 3 for kind in found.values() for one in kind)
    again, other = strangers(1), strangers(2)
    assert all(np.array_equal(a, b) for a, b in zip(found["noise"], again["noise"], strict=True))
    assert not np.array_equal(found["noise"][0], other["noise"][0])
