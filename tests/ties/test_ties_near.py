"""Near repeats: a truth table in all eight turns, what must not be confirmed, and limits on memory."""

import tracemalloc

import cv2
import numpy as np
import pytest
import ties_toy
from hypothesis import given, settings
from hypothesis import strategies as st

from hemapipe.core.errors import HemapipeError
from hemapipe.ties import candidates, near, views
from hemapipe.ties.params import TiesParams

PX = 96


def find(images, sha256=None, n_jobs=1, **params):
    return near.find(images, ties_toy.colours(images), sha256 or ties_toy.hashes(images), TiesParams(**params), n_jobs)


def pairs_of(table):
    return set(zip(table["index_a"], table["index_b"], strict=True))


@pytest.fixture(scope="module")
def originals():
    return ties_toy.shots(8, 64, PX, seed=11)


@pytest.fixture(scope="module")
def planted(originals):
    return ties_toy.truth_table(originals, 64, seed=12)


@pytest.fixture(scope="module")
def found(planted):
    return find(planted[0])


def test_recall_and_precision_in_all_turns(planted, found):
    truth, pairs = planted[1], pairs_of(found)
    assert len(truth & pairs) / len(truth) >= 0.95
    assert len(truth & pairs) / len(pairs) >= 0.95
    assert found["similarity"].between(0.8, 1).all() and found["overlap"].between(0.3, 1).all()


def test_fields_without_repeats_give_no_pairs(originals):
    images = np.stack([ties_toy.decode(shot.data) for shot in originals])
    assert find(images).empty


@pytest.mark.parametrize("turn", range(8))
def test_words_undo_the_turn(originals, turn):
    image = ties_toy.decode(originals[turn].data)
    copy = views.turned(image[None, ..., 1], turn)[0]
    copy = np.repeat(np.ascontiguousarray(copy)[..., None], 3, axis=2)
    copy[0, 0] += 1  # not equal pixels
    grey = np.repeat(image[..., 1:2], 3, axis=2)
    (words,) = find(np.stack([grey, copy]))["transform"]
    assert not {"angle", "scale", "dx", "dy", "gain"} & {word.split("=")[0] for word in words.split()}
    assert np.abs(apply(words, copy).astype(int) - grey).mean() < 0.5


def apply(words, image):
    """Do what the words say: first the mirror, then the turn."""
    parts = dict(word.partition("=")[::2] for word in words.split())
    image = image[:, ::-1] if "mirror" in parts else image
    return np.rot90(image, int(parts.get("turn", 0)) // 90)


def test_shift_scale_and_gain_in_words(originals):
    image = ties_toy.decode(originals[3].data)
    moved = cv2.warpAffine(image, np.float32([[1, 0, 10], [0, 1, -6]]), (PX, PX), borderMode=cv2.BORDER_REFLECT)
    moved = np.rint(moved * 0.9).astype(np.uint8)
    (words,) = find(np.stack([image, moved]))["transform"]
    values = dict(word.split("=") for word in words.split())
    assert float(values["dx"]) == pytest.approx(-10 / PX, abs=0.011)
    assert float(values["dy"]) == pytest.approx(6 / PX, abs=0.011)
    assert float(values["gain"]) == pytest.approx(1 / 0.9, abs=0.02)


def test_a_slide_moved_by_a_quarter_is_found():
    wide = np.stack([ties_toy.decode(shot.data) for shot in ties_toy.shots(4, 12, 160, seed=5)])
    images = np.concatenate([wide[:, :112, :112], wide[:, 30:142, 24:136]])
    found = find(images)
    assert len(pairs_of(found) & {(number, number + 12) for number in range(12)}) >= 11
    assert found["overlap"].median() == pytest.approx((82 / 112) * (88 / 112), abs=0.04)


def test_cells_on_black_are_confirmed_only_where_they_are_the_same():
    cells = ties_toy.cells_on_black(ties_toy.shots(4, 10, 288, seed=11), 128)
    assert len(cells) > 40
    copies = np.stack(
        [ties_toy.hardened(cell, number % 8, 1, np.random.default_rng(0)) for number, cell in enumerate(cells[:16])]
    )
    images = np.concatenate([cells, copies])
    truth = {(number, len(cells) + number) for number in range(16)}
    pairs = pairs_of(find(images))
    assert len(truth & pairs) >= 14 and len(pairs - truth) <= 2


def test_a_flat_image_and_half_an_image_are_nobodys_repeat(originals):
    images = np.stack([ties_toy.decode(shot.data) for shot in originals[:6]])
    images[4:, PX // 2 :] = 128  # truncated at the same height
    flat = np.stack([np.full((PX, PX, 3), value, np.uint8) for value in (0, 200, 255)])
    assert find(np.concatenate([images, flat])).empty


def test_equal_pixels_stand_for_each_other(planted, found):
    images, _ = planted
    doubled = np.concatenate([images, images[:5]])
    again = find(doubled, ties_toy.hashes(doubled))
    assert pairs_of(again) == pairs_of(found)


def test_the_pairs_do_not_depend_on_the_order(planted, found):
    images, _ = planted
    order = np.random.default_rng(1).permutation(len(images))
    shuffled = find(images[order])
    ends = np.sort(np.stack([order[shuffled["index_a"]], order[shuffled["index_b"]]]), axis=0)
    assert set(zip(*ends.tolist(), strict=True)) == pairs_of(found)


def test_the_result_does_not_depend_on_the_number_of_workers(planted, monkeypatch):
    monkeypatch.setattr(near, "_CHUNK", 20)
    few = planted[0][:70]
    one = find(few)
    assert len(one) > 5 and find(few, n_jobs=2).equals(one)


def test_nothing_and_one_image_have_no_pairs():
    for n in (0, 1):
        images = np.zeros((n, 32, 32, 3), np.uint8)
        table = near.find(images, np.zeros((n, 4), np.float32), ["a"] * n, TiesParams())
        assert table.empty and list(table) == ["index_a", "index_b", "similarity", "overlap", "transform"]


def test_lengths_that_do_not_fit_are_an_error():
    images = np.zeros((3, 32, 32, 3), np.uint8)
    with pytest.raises(HemapipeError, match="3 packed images, 2 feature vectors and 3 hashes"):
        near.find(images, np.zeros((2, 4), np.float32), ["a", "b", "c"], TiesParams())


def test_memory_of_the_candidates_grows_with_n_not_with_its_square():
    def peak(n):
        thumbs = np.random.default_rng(0).normal(size=(n, len(views.WINDOWS), 144)).astype(np.float32)
        tracemalloc.start()
        candidates.by_thumbnails(thumbs, views.NEIGHBOURS[:2], 3)
        candidates.by_embedding(thumbs[:, 0], 3)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(3000) < 6 * peak(750)  # 16 × if it held all pairs
    assert peak(3000) < 3000**2 * 4


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_candidates_are_each_rows_nearest(n, k, seed):
    values = np.random.default_rng(seed).normal(size=(n, 7)).astype(np.float32)
    pairs = candidates.by_embedding(values, k)
    assert (pairs[:, 0] < pairs[:, 1]).all() and len(np.unique(pairs, axis=0)) == len(pairs)
    scaled = (values - values.mean(0)) / np.maximum(values.std(0), 1e-6)
    scaled /= np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-6)
    cosine = scaled @ scaled.T - 9 * np.eye(n)
    for row in range(n if n > 1 else 0):
        kept = set(pairs[(pairs == row).any(axis=1)].ravel()) - {row}
        assert int(cosine[row].argmax()) in kept and len(kept) >= min(k, n - 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_a_large_truth_table(seed):
    images, truth = ties_toy.truth_table(ties_toy.shots(40, 800, 128, seed), 240, seed)
    pairs = pairs_of(find(images, n_jobs=2))
    assert len(truth & pairs) / len(truth) >= 0.95 and len(truth & pairs) / len(pairs) >= 0.95
