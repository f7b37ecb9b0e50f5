"""A transform in words."""

from __future__ import annotations

import numpy as np


def transform(matrix: np.ndarray, gain: float) -> str:
    """Return what a transform of unit coordinates (3 × 3, x right, y down) and a gain do, as `name=value` words.

    In this order, as far as there is something to say: `mirror` (left to right), `turn` (counterclockwise, quarter
    turns in degrees), `angle` (further degrees counterclockwise), `scale`, `dx` and `dy` (of the centre, shares of the
    side), `gain` (of the brightness).
    """
    linear = matrix[:2, :2]
    mirrored = np.linalg.det(linear) < 0
    turning = linear @ np.diag([-1.0, 1.0]) if mirrored else linear  # a mirror first, then the rest
    degrees = np.degrees(np.arctan2(turning[0, 1] - turning[1, 0], turning[0, 0] + turning[1, 1]))
    quarter = round(degrees / 90) * 90
    shift = matrix[:2, :2] @ (0.5, 0.5) + matrix[:2, 2] - 0.5
    words = ["mirror"] if mirrored else []
    words += [f"turn={quarter % 360}"] if quarter % 360 else []
    numbers = {"angle": (degrees - quarter, 0, 0.25), "scale": (np.sqrt(abs(np.linalg.det(linear))), 1, 0.005)}
    numbers |= {"dx": (shift[0], 0, 0.005), "dy": (shift[1], 0, 0.005), "gain": (gain, 1, 0.005)}
    for name, (value, neutral, least) in numbers.items():
        if abs(value - neutral) >= least:
            words.append(f"{name}={value:.1f}" if name == "angle" else f"{name}={value:.2f}")
    return " ".join(words) or "same place"
