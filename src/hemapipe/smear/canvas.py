"""The field before the light passes: optical densities of the dyes, and who owns which pixel."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

#: Values of the label image. Nucleus and cytoplasm together are the white cell.
BACKGROUND, RED_CELL, CYTOPLASM, NUCLEUS = range(4)


@dataclass
class Canvas:
    """A square field of `side` samples, `scale` samples per µm; all arrays are side × side."""

    side: int
    scale: float
    rng: np.random.Generator
    red: np.ndarray = field(init=False)  # haemoglobin with eosin
    cytoplasm: np.ndarray = field(init=False)  # ribonucleic acid with azure: blue
    nucleus: np.ndarray = field(init=False)  # chromatin with azure and eosin: purple
    label: np.ndarray = field(init=False)  # uint8, the four values above
    instance: np.ndarray = field(init=False)  # uint8, 0 nothing, else the number of the cell
    nucleoli: dict[int, int] = field(default_factory=dict)  # of each white cell

    def __post_init__(self) -> None:
        """Begin with an empty field."""
        self.red, self.cytoplasm, self.nucleus = (np.zeros((self.side, self.side)) for _ in range(3))
        self.label, self.instance = (np.zeros((self.side, self.side), np.uint8) for _ in range(2))

    def window(self, x: float, y: float, reach: float) -> Window:
        """Return the part of the field within `reach` µm of a point; it may be empty."""
        left, top = (int(np.clip((v - reach) * self.scale, 0, self.side)) for v in (x, y))
        right, bottom = (int(np.clip((v + reach) * self.scale + 1, 0, self.side)) for v in (x, y))
        dx = (np.arange(left, right) + 0.5) / self.scale - x
        dy = (np.arange(top, bottom) + 0.5) / self.scale - y
        return Window((slice(top, bottom), slice(left, right)), dx[None, :], dy[:, None])

    def texture(self, shape: tuple[int, ...], grain_um: float) -> np.ndarray:
        """Return smooth noise of zero mean and unit variance whose grain has the given size."""
        noise = cv2.GaussianBlur(self.rng.normal(size=shape), (0, 0), max(grain_um * self.scale, 0.3))
        return noise / max(noise.std(), 1e-9)


@dataclass(frozen=True)
class Window:
    """A patch of the field around a point: its place in the arrays, and offsets from the point in µm."""

    place: tuple[slice, slice]
    dx: np.ndarray  # 1 × w
    dy: np.ndarray  # h × 1

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in samples."""
        return self.dy.shape[0], self.dx.shape[1]

    @property
    def radius(self) -> np.ndarray:
        """Distance from the point, µm."""
        return np.hypot(self.dx, self.dy)

    @property
    def angle(self) -> np.ndarray:
        """Direction from the point, radians."""
        return np.arctan2(self.dy, self.dx) * np.ones(self.shape)

    def moved(self, x: float, y: float) -> Window:
        """Return the same patch seen from a point (x, y) µm away."""
        return Window(self.place, self.dx - x, self.dy - y)


def outline(angle: np.ndarray, irregularity: float, rng: np.random.Generator) -> np.ndarray:
    """Return the radius, mean about 1, of a closed outline with random harmonics of orders 2 to 6."""
    orders = np.arange(2, 7)
    heights = rng.normal(size=5) * irregularity * (2 / orders) ** 1.5
    phases = rng.uniform(0, 2 * np.pi, 5)
    # One table over the circle, interpolated: an order cheaper than five cosines per sample.
    circle = np.linspace(-np.pi, np.pi, 129)
    radius = 1 + sum(h * np.cos(k * circle + p) for k, h, p in zip(orders, heights, phases, strict=True))
    return np.interp(angle, circle, radius)


def inside(distance: np.ndarray, edge: np.ndarray | float, softness: float) -> np.ndarray:
    """Return how far a sample lies within an edge: 1 inside, 0 outside, a ramp of `softness` µm between."""
    return np.clip((edge - distance) / softness + 0.5, 0, 1)
