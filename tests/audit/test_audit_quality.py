import cv2
import numpy as np
import pandas as pd
import pytest

from hemapipe.audit import quality


def textured(seed, mean=140, sd=30):
    noise = np.random.default_rng(seed).normal(mean, sd, (64, 64, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 0.7), 0, 255).astype(np.uint8)


def found(images, width=64, height=64):
    sizes = pd.DataFrame({"width": np.broadcast_to(width, len(images)), "height": np.broadcast_to(height, len(images))})
    return {
        name: np.flatnonzero(mask).tolist()
        for name, mask in quality.problems(np.array([quality.measure(image) for image in images]), sizes).items()
    }


def test_robust_z_of_known_values():
    # median 3, absolute deviations 2 1 0 1 97, their median 1
    assert quality.outlying(np.array([1.0, 2, 3, 4, 100])) == pytest.approx(np.array([-2, -1, 0, 1, 97]) / 1.4826)
    assert not quality.outlying(np.full(4, 7.0)).any() and quality.outlying(np.empty(0)).size == 0


def test_each_problem_is_found_and_nothing_else():
    images = [textured(seed) for seed in range(20)]
    assert not any(found(images).values())
    images[3] = cv2.GaussianBlur(images[3], (0, 0), 3)
    images[5] = textured(5, mean=30, sd=8)
    images[7] = np.full((64, 64, 3), 255, np.uint8)
    odd = found(images, width=[640 if n == 9 else 64 for n in range(20)])
    assert 3 in odd["blurred"] and 7 not in odd["blurred"]
    assert odd["dark"] == [5] and odd["odd_size"] == [9]
    assert odd["light"] == odd["clipped"] == odd["low_information"] == [7]


def test_measures_of_a_plain_image():
    plain = quality.measure(np.full((16, 16, 3), 51, np.uint8))
    assert plain[1:6].tolist() == [0.2, 0.2, 0.0, 0.0, 0.0] and np.isnan(plain[6])


def test_no_images_no_problems():
    nothing = quality.problems(np.empty((0, 7)), pd.DataFrame({"width": [], "height": []}))
    assert all(len(mask) == 0 for mask in nothing.values())


def test_a_black_surround_is_no_fault():
    images = []
    for seed in range(8):
        image = np.zeros((64, 64, 3), np.uint8)
        image[16:48, 16:48] = textured(seed, mean=60, sd=20)[16:48, 16:48]
        images.append(image)
    assert not any(found(images).values())


def test_both_ends_of_the_scale_and_any_channel_count_as_clipped():
    images = [textured(seed) for seed in range(20)]
    images[2][:32] = 0
    images[4][..., 0] = 255
    assert found(images)["clipped"] == [2, 4]
    assert not found([*images[:2], *[np.dstack([np.full((64, 64), 255, np.uint8), one[..., 1:]]) for one in images]])[
        "clipped"
    ][2:]  # where all images have it, none falls out of the set but the half black one


def test_slight_blur_is_seen_in_the_full_image_only():
    large = [np.kron(textured(seed), np.ones((8, 8, 1), np.uint8)) for seed in range(24)]
    large = [cv2.GaussianBlur(image, (0, 0), 0.8) for image in large]
    large[5] = cv2.GaussianBlur(large[5], (0, 0), 1.2)
    small = [cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA) for image in large]
    sizes = pd.DataFrame({"width": [512] * 24, "height": 512})
    for full, blurred in ((large, [5]), ([None] * 24, [])):
        measures = np.array([quality.measure(*pair) for pair in zip(small, full, strict=True)])
        assert np.flatnonzero(quality.problems(measures, sizes)["blurred"]).tolist() == blurred


def test_fine_sharpness_is_compared_within_one_size():
    measures = np.tile([-3, 0.9, 0.5, 0, 0, 6.0, 0.0], (60, 1))
    measures[:, 0] += np.random.default_rng(0).normal(0, 0.1, 60)
    measures[:, 6] = measures[:, 0] - 5 * (np.arange(60) % 2)  # large images have less of it
    sizes = pd.DataFrame({"width": np.where(np.arange(60) % 2, 512, 400), "height": 400})
    assert not quality.problems(measures, sizes)["blurred"].any()
    measures[7, 6] = -20
    assert np.flatnonzero(quality.problems(measures, sizes)["blurred"]).tolist() == [7]
