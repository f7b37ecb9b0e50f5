"""A small truth table of near repeats, and cells cut out on black."""

import hashlib

import cv2
import numpy as np

from hemapipe.smear.archive import shoot
from hemapipe.smear.cohort import cohort
from hemapipe.smear.faults import _NEAR as KINDS
from hemapipe.smear.faults import decode, encode, near_repeat
from hemapipe.smear.params import SyntheticParams


def shots(n_patients, n_images, px, seed, **params):
    faults = dict.fromkeys(["n_exact_repeats", "n_near_repeats", "n_conflicts", "n_truncated", "n_unreadable"], 0)
    settings = SyntheticParams(
        n_patients=n_patients, n_images=n_images, px=px, difficulty=0.6, patient_variation=0.8, **faults, **params
    )
    return [shot for patient in cohort(settings, seed) for shot in shoot(patient, settings)]


def hardened(image, turn, crop, rng):
    """One of the eight turns, a crop, and JPEG at quality 70, on top of whatever was done before."""
    px = len(image)
    image = np.rot90(image, turn % 4)
    image = image[:, ::-1] if turn >= 4 else image
    side = round(crop * px)
    y, x = rng.integers(0, px - side + 1, 2)
    image = np.ascontiguousarray(image[y : y + side, x : x + side])
    return decode(encode(cv2.resize(image, (px, px), interpolation=cv2.INTER_CUBIC), 70))


def truth_table(originals, n_near, seed):
    """Return images N × px × px × 3 in random order, and the set of pairs of positions that are near repeats."""
    rng = np.random.default_rng(seed)
    images, partner = [decode(shot.data) for shot in originals], {}
    for number in range(n_near):
        copy, _ = near_repeat(originals[number], KINDS[number % len(KINDS)], rng)
        crop = rng.uniform(0.85, 1) if rng.random() < 0.5 else 1
        partner[len(images)] = number
        images.append(hardened(decode(copy.data), number // len(KINDS) % 8, crop, rng))
    order = rng.permutation(len(images))
    place = np.argsort(order)
    pairs = {tuple(sorted((int(place[a]), int(place[b])))) for a, b in partner.items()}
    return np.stack(images)[order], pairs


def colours(images):
    """A poor embedding: mean and spread of each channel."""
    return np.concatenate([images.mean(axis=(1, 2)), images.std(axis=(1, 2))], axis=1).astype(np.float32)


def hashes(images):
    return [hashlib.sha256(image.tobytes()).hexdigest() for image in images]


def cells_on_black(originals, px):
    """Every whole white cell of some fields alone, centred on black, as in C-NMC."""
    cells = []
    for shot in originals:
        image, white = decode(shot.data), np.isin(shot.label, (2, 3))
        for number in np.unique(shot.instance[white]):
            own = white & (shot.instance == number)
            y, x = np.nonzero(own)
            if len(y) < 500 or min(y.min(), x.min()) == 0 or max(y.max(), x.max()) == len(image) - 1:
                continue
            cell = (image * own[:, :, None])[y.min() : y.max() + 1, x.min() : x.max() + 1]
            if max(cell.shape[:2]) <= px:
                square = np.zeros((px, px, 3), np.uint8)
                top, left = (px - cell.shape[0]) // 2, (px - cell.shape[1]) // 2
                square[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
                cells.append(square)
    return np.stack(cells)
