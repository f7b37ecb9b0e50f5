"""The pixels themselves as features: flattened images, as some papers fed to a classical model."""

from __future__ import annotations

import numpy as np


def extract(images: np.ndarray) -> np.ndarray:
    """Return (n, height · width · 3) float32 in 0..1 for images (n, height, width, 3), uint8 RGB."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
