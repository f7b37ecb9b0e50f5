"""Batches from a packed array: fetched whole, as uint8, which they stay until they are on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import lightning
import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from hemapipe.augment.transform import apply
from hemapipe.core.params import derive_seed
from hemapipe.core.tables import OPS


class Batch(NamedTuple):
    """Images (n, 3, px, px) uint8 RGB; targets (n,) int64, -1 where hidden; positions (n,) in the sample table."""

    images: torch.Tensor
    targets: torch.Tensor
    positions: torch.Tensor


class PackedDataset(Dataset):
    """The samples of one role: rows of a packed array, with the planned transform of each variant carried out."""

    def __init__(self, packed: np.ndarray, samples: pd.DataFrame) -> None:
        """Take `packed` (uint8, N × px × px × 3, may be memory-mapped) and rows of `samples.load_samples`."""
        self.packed = packed
        self.rows = samples["row"].to_numpy()
        self.targets = torch.from_numpy(samples["target"].to_numpy(dtype=np.int64, copy=True))
        self.transformed = samples["variant"].to_numpy() > 0
        self.ops = samples[OPS].to_numpy(dtype=np.float64)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.rows)

    def __getitems__(self, positions: list[int]) -> Batch:
        """Return the batch at `positions`; the DataLoader calls this in place of one `__getitem__` per sample."""
        chosen = np.asarray(positions)
        images = np.ascontiguousarray(self.packed[self.rows[chosen]])
        for place in np.flatnonzero(self.transformed[chosen]):
            images[place] = apply(images[place], dict(zip(OPS, self.ops[chosen[place]], strict=True)))
        # Permuting height × width × 3 leaves the memory as it is, which is torch's channels_last layout.
        return Batch(torch.from_numpy(images).permute(0, 3, 1, 2), self.targets[chosen], torch.from_numpy(chosen))


class EpochShuffle(Sampler[int]):
    """An order per epoch that depends on (seed, epoch) alone, so that a resumed run goes on with the same one.

    Of several devices each takes every n-th sample; the last ones of an uneven share are left out that epoch.
    """

    def __init__(self, n_samples: int, seed: int, rank: int = 0, n_ranks: int = 1) -> None:
        """Shuffle `range(n_samples)` and take part `rank` of `n_ranks`."""
        self.n_samples, self.seed, self.rank, self.n_ranks = n_samples, seed, rank, n_ranks
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of samples of this rank."""
        return self.n_samples // self.n_ranks

    def __iter__(self) -> Iterator[int]:
        """Yield positions in the order of this epoch."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "shuffle", str(self.epoch)))
        order = torch.randperm(self.n_samples, generator=generator)
        yield from order[self.rank :: self.n_ranks][: len(self)].tolist()


class FoldData(lightning.LightningDataModule):
    """The training and validation samples of one fold."""

    def __init__(self, packed: np.ndarray, train: pd.DataFrame, val: pd.DataFrame, batch_size: int, seed: int) -> None:
        """Take rows of `samples.load_samples`; `val` may be empty."""
        super().__init__()
        self.packed, self.train, self.val, self.batch_size, self.seed = packed, train, val, batch_size, seed

    def train_dataloader(self) -> DataLoader:
        """Return the shuffled loader; a last batch of one is left out, as batch normalisation needs two."""
        rank, n_ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        shuffle = EpochShuffle(len(self.train), self.seed, rank, n_ranks)
        lonely = len(shuffle) > 1 and len(shuffle) % self.batch_size == 1
        return _loader(PackedDataset(self.packed, self.train), self.batch_size, shuffle, drop_last=lonely)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the loader of the validation samples, or no loader where there are none."""
        return ordered_loader(self.packed, self.val, self.batch_size) if len(self.val) else []


def ordered_loader(packed: np.ndarray, samples: pd.DataFrame, batch_size: int) -> DataLoader:
    """Return a loader over `samples` in their order."""
    return _loader(PackedDataset(packed, samples), batch_size)


def _loader(dataset: Dataset, batch_size: int, sampler: Sampler | None = None, drop_last: bool = False) -> DataLoader:
    return DataLoader(
        dataset,
        batch_size,
        sampler=sampler,
        drop_last=drop_last,
        collate_fn=_as_it_is,
        # Every iterator draws a number from its generator: without one of its own, from the stream that dropout uses,
        # and a resumed run, which makes its iterators in another order, would drop out differently.
        generator=torch.Generator(),
    )


def _as_it_is(batch: Any) -> Any:
    return batch
