"""Speed of the hand-crafted features against a plain scikit-image recipe, and agreement with the synthetic truth.

    python benchmarks/cells.py                           # both, printed
    python benchmarks/cells.py --sheet docs/img/cells.jpg   # the sheet of overlays

Speed: images of 224 px, two processes, the two recipes alternating so that both meet the same machine; the median of
the ratios counts, as images/s depend on who else is at work. Agreement: 128 px, four fields of each default patient,
for two seeds; the constants of `cells/` were chosen on seed 2026, the other is fresh.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops_table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hemapipe.cells.agreement import agreement
from hemapipe.cells.overlay import overlay
from hemapipe.cells.segment import segment
from hemapipe.features.handcrafted import extract
from hemapipe.smear import faults
from hemapipe.smear.archive import shoot
from hemapipe.smear.cohort import cohort
from hemapipe.smear.params import SyntheticParams

PROPERTIES = ["area", "perimeter", "eccentricity", "solidity", "mean_intensity"]


def fields(px, per_patient, seed):
    """Return (image, label, instance) of the first fields of each default patient."""
    params = SyntheticParams(px=px, n_images=40 * per_patient)
    shots = [shot for patient in cohort(params, seed) for shot in shoot(patient, params)]
    return [(faults.decode(shot.data), shot.label, shot.instance) for shot in shots]


def baseline(images):
    """Stain separation, Otsu, region properties: no splitting, no cytoplasm, no texture."""
    for image in images:
        haematoxylin = rgb2hed(image)[..., 0]
        regions = label(haematoxylin > threshold_otsu(haematoxylin))
        regionprops_table(regions, haematoxylin, properties=PROPERTIES)


def speed(pairs):
    """Print images/s of both recipes and the median of their ratio over alternating runs."""
    images = np.stack([image for image, _, _ in fields(224, 4, 2026)])
    chunks = np.array_split(images, 8)
    extract(images[:64], n_jobs=2)  # starts the workers and their imports
    Parallel(n_jobs=2)(delayed(baseline)(chunk[:2]) for chunk in chunks)
    rates = []
    for _ in range(pairs):
        started = time.perf_counter()
        extract(images, n_jobs=2)
        middle = time.perf_counter()
        Parallel(n_jobs=2)(delayed(baseline)(chunk) for chunk in chunks)
        rates.append((len(images) / (middle - started), len(images) / (time.perf_counter() - middle)))
    ours, theirs = np.array(rates).T
    print(f"{len(images)} images of 224 px, 2 processes, {pairs} alternating pairs")
    print(f"segment + attributes                 {np.median(ours):6.1f} img/s (best {ours.max():.1f})")
    print(f"rgb2hed + Otsu + regionprops         {np.median(theirs):6.1f} img/s (best {theirs.max():.1f})")
    print(f"ratio                                {np.median(ours / theirs):6.2f}")


def truth(seed):
    """Print the agreement with the synthetic truth."""
    scores = pd.DataFrame([agreement(segment(i), lab, instance) for i, lab, instance in fields(128, 4, seed)])
    print(f"seed {seed}, {len(scores)} fields of 128 px, 40 patients")
    for name in ("nucleus_dice", "cell_dice", "red_dice"):
        print(f"  {name:14} {scores[name].mean():.3f} (5th percentile {scores[name].quantile(0.05):.3f})")
    error = scores["count_error"]
    print(f"  count within 1 {(error.abs() <= 1).mean():.3f} (exact {error.eq(0).mean():.3f})")
    print(f"  N:C error      {scores['nc_error'].abs().mean():.3f} (mean {scores['nc_error'].mean():+.3f})")


def sheet(path):
    """Write overlays of twelve patients, four to a row, enlarged three times."""
    images = [image for image, _, _ in fields(128, 4, 2026)][2::13][:12]
    drawn = [
        cv2.copyMakeBorder(overlay(i, segment(i), 3), 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(255,) * 3) for i in images
    ]
    rows = [np.hstack(drawn[start : start + 4]) for start in range(0, 12, 4)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 62])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    if arguments.sheet:
        sheet(arguments.sheet)
        sys.exit()
    for number in (2026, 7):
        truth(number)
    speed(arguments.pairs)
