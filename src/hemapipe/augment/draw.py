"""Draw the transform of one variant: a function of (seed, image, variant) alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hemapipe.augment.params import AugmentParams
from hemapipe.core.params import derive_seed

Ops = dict[str, float]
#: The transform of variant 0: none.
NEUTRAL: Ops = {"flip": 0, "turns": 0, "angle": 0.0, "zoom": 1.0, "crop": 1.0, "crop_x": 0.0, "crop_y": 0.0}
_DECIMALS = 4  # what the CSV keeps, so that the plan read back is the plan drawn


def draw(image_id: str, variant: int, params: AugmentParams, seed: int) -> Ops:
    """Return the ops of a variant, keys as `tables.OPS`.

    Flips and turns come from the image's own shuffled deck of those that change it, dealt in turn, so that variants of
    one image are distinct until the deck is through. Where nothing but copying is allowed, variants are plain copies.
    Rotation, zoom and crop are drawn uniformly, per variant.
    """
    if variant == 0:
        return dict(NEUTRAL)
    deck = _deck(params.flip, params.turns, _is_continuous(params))
    order = np.random.default_rng(derive_seed(seed, "augment", "deck", image_id)).permutation(len(deck))
    flip, turns = deck[order[(variant - 1) % len(deck)]]
    random = np.random.default_rng(derive_seed(seed, "augment", "ops", image_id, str(variant)))
    angle, zoom, crop, crop_x, crop_y = random.uniform(
        [-params.angle_deg, params.zoom[0], params.crop, 0, 0], [params.angle_deg, params.zoom[1], 1, 1, 1]
    )
    if params.crop == 1:
        crop_x = crop_y = 0.0  # nowhere to go: the same neutral values as an original
    values = {"angle": angle, "zoom": zoom, "crop": crop, "crop_x": crop_x, "crop_y": crop_y}
    # Adding 0.0 turns -0.0 into 0.0.
    return {
        "flip": flip,
        "turns": turns,
        **{name: round(float(value), _DECIMALS) + 0.0 for name, value in values.items()},
    }


def _is_continuous(params: AugmentParams) -> bool:
    return params.angle_deg > 0 or tuple(params.zoom) != (1, 1) or params.crop < 1


@lru_cache
def _deck(flip: bool, turns: bool, with_identity: bool) -> list[tuple[int, int]]:
    """Return the allowed (flip, turns), without the identity unless something else changes the image or nothing may."""
    deck = [(mirrored, turned) for mirrored in range(1 + flip) for turned in range(4 if turns else 1)]
    return deck if with_identity or len(deck) == 1 else deck[1:]
