"""Random augmentation per epoch, as tensor operations on the batch, on whatever device it is."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch.nn import functional

from hemapipe.core.params import derive_seed

#: Range of the random magnification.
ZOOM = (0.8, 1.25)
#: Range of the random light, one gain per channel, and of the density of the stain, an exponent for all three.
GAIN, DENSITY = (0.85, 1.18), (0.8, 1.25)
_COLUMNS = 5  # one uniform number per sample and epoch for: flip x, flip y, transpose, angle, zoom
_COLOURS = 4  # and for: gains of red, green and blue, density


class OnlineAugment:
    """Flips and transpose (each with probability 1/2), rotation by any angle, zoom, colour of light and stain.

    A new choice per sample and epoch.

    All choices of an epoch are drawn at its start from (seed, epoch), one row per sample. They do not depend on
    the order of the batches, on the device, or on what was drawn before, so a resumed run makes the same ones.
    """

    def __init__(self, kinds: Collection[str], seed: int, n_samples: int) -> None:
        """Augment with `kinds`: any of flips, transpose, rotation, zoom, colour."""
        self.kinds, self.seed, self.n_samples = frozenset(kinds), seed, n_samples
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draw the choices of `epoch`."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "online_augment", str(epoch)))
        self.draws = torch.rand(self.n_samples, _COLUMNS, generator=generator)
        self.colours = torch.rand(self.n_samples, _COLOURS, generator=generator)

    def __call__(self, images: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Return augmented `images` (n, 3, px, px), same type; `positions` (n,) are the samples' places."""
        if not self.kinds:
            return images
        draws = self.draws[positions.cpu()].to(images.device)
        heads = (draws[:, :3] < 0.5)[:, :, None, None, None]
        if "flips" in self.kinds:
            images = torch.where(heads[:, 0], images.flip(3), images)
            images = torch.where(heads[:, 1], images.flip(2), images)
        if "transpose" in self.kinds:
            images = torch.where(heads[:, 2], images.transpose(2, 3), images)
        if self.kinds & {"rotation", "zoom"}:
            images = self._warp(images, draws[:, 3], draws[:, 4])
        if "colour" in self.kinds:
            images = _relight(images, self.colours[positions.cpu()].to(images.device))
        return images

    def _warp(self, images: torch.Tensor, turn: torch.Tensor, magnify: torch.Tensor) -> torch.Tensor:
        angle = turn * (2 * torch.pi if "rotation" in self.kinds else 0.0)
        zoom = _between(ZOOM, magnify) if "zoom" in self.kinds else torch.ones_like(magnify)
        cos, sin, zero = torch.cos(angle) / zoom, torch.sin(angle) / zoom, torch.zeros_like(zoom)
        matrices = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
        grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
        warped = functional.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
        return warped.round_().to(images.dtype)


def _relight(images: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Return gain · I^density of the transmitted light I (0 to 1): a stronger stain absorbs more (Beer and Lambert)."""
    gains, density = _between(GAIN, draws[:, :3, None, None]), _between(DENSITY, draws[:, 3:, None, None])
    light = gains * (images.float() / 255) ** density
    return (255 * light).clamp_(0, 255).round_().to(images.dtype)


def _between(ends: tuple[float, float], draws: torch.Tensor) -> torch.Tensor:
    """Spread uniform numbers between two factors, uniform in the logarithm: as much is as likely as as little."""
    return ends[0] * (ends[1] / ends[0]) ** draws
