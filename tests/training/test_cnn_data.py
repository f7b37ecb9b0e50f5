"""Batches, their order, and random augmentation."""

import numpy as np
import pytest
import torch
from cnn_toy import write_inputs
from hypothesis import given, settings
from hypothesis import strategies as st

from hemapipe.augment.transform import apply
from hemapipe.core.tables import AUGMENT, MANIFEST, OPS, read_table
from hemapipe.samples import load_samples
from hemapipe.training.cnn.data import EpochShuffle, FoldData, PackedDataset
from hemapipe.training.cnn.online import DENSITY, GAIN, ZOOM, OnlineAugment


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    inputs = write_inputs(tmp_path_factory.mktemp("toy"), n_folds=1)
    samples = load_samples(read_table(inputs.manifest, MANIFEST), read_table(inputs.augment, AUGMENT))
    return np.load(inputs.packed, mmap_mode="r"), samples


def test_a_batch_holds_the_packed_pixels_with_planned_variants_carried_out(toy):
    packed, samples = toy
    batch = PackedDataset(packed, samples).__getitems__(list(range(len(samples))))
    assert batch.images.dtype == torch.uint8 and batch.images.shape == (len(samples), 3, 32, 32)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert batch.targets.tolist() == samples["target"].tolist()
    assert (samples["variant"] > 0).sum() >= 4
    for (_, sample), image in zip(samples.iterrows(), batch.images, strict=True):
        expected = apply(packed[sample["row"]], sample[OPS]) if sample["variant"] else packed[sample["row"]]
        assert np.array_equal(image.permute(1, 2, 0).numpy(), expected)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 50), seed=st.integers(0, 9), epoch=st.integers(0, 5), n_ranks=st.integers(1, 3))
def test_a_shuffle_is_a_permutation_shared_out_fairly(n, seed, epoch, n_ranks):
    shares = []
    for rank in range(n_ranks):
        shuffle = EpochShuffle(n, seed, rank, n_ranks)
        shuffle.set_epoch(epoch)
        assert list(shuffle) == list(shuffle)
        assert len(list(shuffle)) == len(shuffle) == n // n_ranks
        shares += list(shuffle)
    assert len(set(shares)) == len(shares) and set(shares) <= set(range(n))


def test_orders_differ_by_epoch_and_seed():
    orders = []
    for seed, epoch in ((1, 0), (1, 1), (2, 0)):
        shuffle = EpochShuffle(30, seed)
        shuffle.set_epoch(epoch)
        orders.append(tuple(shuffle))
    assert len(set(orders)) == 3


@pytest.mark.parametrize("n, sizes", [(8, [4, 4]), (9, [4, 4]), (10, [4, 4, 2]), (1, [1])])
def test_no_batch_of_one_unless_there_is_but_one(toy, n, sizes):
    packed, samples = toy
    data = FoldData(packed, samples.iloc[:n], samples.iloc[:0], batch_size=4, seed=1)
    assert [len(batch.targets) for batch in data.train_dataloader()] == sizes
    assert data.val_dataloader() == []


# --- random augmentation


@pytest.fixture
def images() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (64, 3, 6, 6), generator=generator, dtype=torch.uint8)


def dihedral(image: torch.Tensor) -> set[bytes]:
    turned = [torch.rot90(image, turns, (1, 2)) for turns in range(4)]
    return {view.contiguous().numpy().tobytes() for one in turned for view in (one, one.flip(2))}


def test_flips_and_transpose_give_all_eight_positions_and_no_other(images):
    same = images[:1].expand(64, -1, -1, -1)
    augmented = OnlineAugment(["flips", "transpose"], 1, 64)(same, torch.arange(64))
    assert {image.contiguous().numpy().tobytes() for image in augmented} == dihedral(images[0])


def test_choices_belong_to_sample_and_epoch_not_to_the_batch(images):
    augment = OnlineAugment(["flips", "transpose", "rotation", "zoom"], 1, 64)
    whole = augment(images, torch.arange(64))
    some = torch.tensor([9, 3, 40])
    assert torch.equal(augment(images[some], some), whole[some])
    augment.start(1)
    other = augment(images, torch.arange(64))
    assert not torch.equal(other, whole)
    augment.start(0)
    assert torch.equal(augment(images, torch.arange(64)), whole)


def test_nothing_asked_for_changes_nothing(images):
    assert OnlineAugment([], 1, 64)(images, torch.arange(64)) is images


def test_rotation_by_quarter_turns_moves_pixels_exactly(images):
    augment = OnlineAugment(["rotation"], 1, 4)
    augment.draws[:, 3] = torch.tensor([0, 0.25, 0.5, 0.75])
    turned = augment(images[:4], torch.arange(4))
    for quarter in range(4):
        assert torch.equal(turned[quarter], torch.rot90(images[quarter], quarter, (1, 2)))


def test_zoom_enlarges_a_centred_square_by_its_factor():
    square = torch.zeros(2, 3, 100, 100, dtype=torch.uint8)
    square[:, :, 30:70, 30:70] = 200
    augment = OnlineAugment(["zoom"], 1, 2)
    augment.draws[:, 4] = torch.tensor([0.0, 1.0])
    areas = augment(square, torch.arange(2)).float().mean((1, 2, 3)) / 200 * 100**2
    for area, zoom in zip(areas, ZOOM, strict=True):
        assert area.item() == pytest.approx((40 * zoom) ** 2, rel=0.02)


def test_colour_changes_light_and_density_within_their_ranges_and_moves_nothing():
    grey = torch.full((64, 3, 8, 8), 128, dtype=torch.uint8)
    augment = OnlineAugment(["colour"], 1, 64)
    relit = augment(grey, torch.arange(64))
    assert relit.dtype == torch.uint8 and (relit == relit[:, :, :1, :1]).all()
    share = 128 / 255
    darkest, lightest = 255 * GAIN[0] * share ** DENSITY[1], 255 * GAIN[1] * share ** DENSITY[0]
    assert darkest - 1 <= relit.min() < 100 and 160 < relit.max() <= lightest + 1
    black_and_white = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2).expand(64, 3, 4, 2)
    ends = augment(black_and_white, torch.arange(64))
    assert (ends[..., 0] == 0).all() and (ends[..., 1] >= round(255 * GAIN[0])).all()


def test_other_choices_stay_where_colour_is_added(images):
    positions = torch.arange(len(images))
    plain, coloured = (OnlineAugment(kinds, 1, len(images)) for kinds in (["flips"], ["flips", "colour"]))
    assert torch.equal(plain.draws, coloured.draws)
    assert plain(images, positions).shape == coloured(images, positions).shape
