"""The knowledge behind a flag: limits of distance and of quality, learnt from a run's own images, and its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hemapipe.audit.quality import CLIPPED, DARK, ENTROPY, LIGHT, MEASURES, OUTLYING, measure
from hemapipe.reject.distance import Gaussian

if TYPE_CHECKING:
    from hemapipe.predict.prepare import Prepared

NOT_A_SMEAR = "not_a_smear"
#: Flag → what a person is told.
FLAGS = {
    NOT_A_SMEAR: "unlike the images the models were trained on (another look is enough): what they say has no meaning",
    "blurred": "out of focus beside the training images",
    "dark": "under-exposed: even the brightest pixels are dark",
    "light": "over-exposed: even the darkest pixels are light",
    "clipped": "many pixels sit at an end of the scale",
    "low_information": "hardly any structure: an empty field or a plain surface",
    "no_white_cell": "no white cell was found",
    "truncated": "the file ends too early: the rest of the picture is filler",
}


class Domain(NamedTuple):
    """What the run's images look like.

    `features` names the feature set of `gaussian`, measured on squares of `px`; an image farther than `limit` is
    refused. `sharpness` holds the median and the scaled median absolute deviation of the training images'.
    """

    features: str
    px: int
    gaussian: Gaussian
    limit: float
    sharpness: tuple[float, float]

    def flags(self, images: Prepared) -> list[list[str]]:
        """Return the flags of each image."""
        far = self.gaussian.distance(images.features(self.features)) > self.limit
        return [
            ([NOT_A_SMEAR] if strange else []) + self.quality(image)
            for strange, image in zip(far, images.squares(self.px), strict=True)
        ]

    def quality(self, square: np.ndarray) -> list[str]:
        """Return the flags of poor quality of an image px × px × 3, uint8; the limits are those of the audit."""
        seen = dict(zip(MEASURES, measure(square).tolist(), strict=True))
        informative = seen["entropy"] >= ENTROPY
        middle, spread = self.sharpness
        found = {
            "blurred": informative and spread > 0 and (seen["sharpness"] - middle) / spread < -OUTLYING,
            "dark": seen["dark_end"] < DARK,
            "light": seen["light_end"] > LIGHT,
            "clipped": seen["clipped"] > CLIPPED,
            "low_information": not informative,
        }
        return [name for name, holds in found.items() if holds]


def save_domain(domain: Domain, path: Path) -> None:
    """Write the domain as numbers alone; equal content gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = np.array([domain.px, domain.limit, *domain.sharpness, domain.gaussian.noise])
    np.savez(
        path,
        features=np.array(domain.features),
        facts=facts,
        mean=domain.gaussian.mean.astype(np.float32),
        components=domain.gaussian.components.astype(np.float32),
        variances=domain.gaussian.variances,
    )


def load_domain(path: Path) -> Domain | None:
    """Return the domain of a file, None where there is none."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as held:
        px, limit, middle, spread, noise = held["facts"].tolist()
        gaussian = Gaussian(
            held["mean"].astype(np.float64), held["components"].astype(np.float64), held["variances"], noise
        )
        return Domain(str(held["features"]), int(px), gaussian, limit, (middle, spread))
