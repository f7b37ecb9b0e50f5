"""Speed of preprocess against a bare `cv2.imdecode` + `cv2.resize` loop on as many processes.

Run from the root: `python benchmarks/preprocess.py [n_images] [n_jobs]`. Both sides read the same archive; they take
turns, and the ratio printed is the median over the pairs (above 1: preprocess is faster). The archives in the folder
HEMAPIPE_DATA are measured too, if it is set.
"""

import os
import sys
import tempfile
import time
import zipfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import cv2
import joblib
import numpy as np
import pandas as pd

from hemapipe import places
from hemapipe.images import decode, looks_like_image
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams

PX, N_PAIRS = 224, 9
PARAMS = PreprocessParams(px=[PX], neutral=[], shape="stretch", contrast="none", stain="none")


def make_bmp_archive(path: Path, n: int, px: int = 450) -> list[str]:
    """Write smears of noise as large as C-NMC's cells, BMP, stored."""
    random = np.random.default_rng(0)
    names = [f"{number:05}.bmp" for number in range(n)]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            image = random.integers(180, 256, (px, px, 3), dtype=np.uint8)
            for x, y in random.integers(0, px, (20, 2)).tolist():
                cv2.circle(image, (x, y), 30, random.integers(80, 200, 3).tolist(), -1)
            archive.writestr(name, cv2.imencode(".bmp", image)[1].tobytes())
    return names


def images_of(path: Path, n: int) -> list[str]:
    """Return at most `n` images of an archive, spread over it."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith((".jpg", ".jpeg", ".png", ".bmp"))]
        names = names[:: max(1, len(names) // n)][:n]
        return [name for name in names if looks_like_image(archive.open(name).read(16))]


def bare_loop(archive: Path, names: list[str]) -> None:
    """Decode and resize, and keep nothing."""
    cv2.setNumThreads(1)
    with zipfile.ZipFile(archive) as images:
        for name in names:
            image = cv2.imdecode(np.frombuffer(images.read(name), np.uint8), cv2.IMREAD_COLOR)
            if image is not None:
                cv2.resize(image, (PX, PX), interpolation=cv2.INTER_AREA)


def seconds_bare(archive: Path, names: list[str], n_jobs: int) -> float:
    """Time the bare loop on `n_jobs` processes."""
    bounds = np.linspace(0, len(names), n_jobs + 1).astype(int).tolist()
    start = time.perf_counter()
    joblib.Parallel(n_jobs)(joblib.delayed(bare_loop)(archive, names[a:b]) for a, b in pairwise(bounds))
    return time.perf_counter() - start


def listed(archive: Path, names: list[str]) -> np.ndarray:
    """Return the places of the images, as the catalog lists them."""
    with zipfile.ZipFile(archive) as images:
        found = [decode(images.read(name)) for name in names]
    rows = {"path": names, "status": [one.status for one in found], "note": [one.note for one in found]}
    return places.find(archive, pd.DataFrame(rows))


def seconds_pack(archive: Path, where: np.ndarray, n_jobs: int, out: Path) -> float:
    """Time the library's own function, file written (to the disk of TMPDIR: a slow one shows)."""
    out.unlink(missing_ok=True)
    start = time.perf_counter()
    pack(archive, where, out, PX, PARAMS, n_jobs)
    return time.perf_counter() - start


def compare(archive: Path, names: list[str], n_jobs: int, out: Path) -> None:
    """Print the two rates and their ratio."""
    ours_now = partial(seconds_pack, archive, listed(archive, names), n_jobs, out)
    seconds_bare(archive, names, n_jobs), ours_now()  # workers up, pages cached
    pairs = [(seconds_bare(archive, names, n_jobs), ours_now()) for _ in range(N_PAIRS)]
    bare, ours = (len(names) / median(times) for times in zip(*pairs, strict=True))
    ratio = median(bare / ours for bare, ours in pairs)
    print(
        f"{archive.name}: {len(names)} images to {PX} px, {n_jobs} processes: "
        f"bare {bare:.0f} img/s, preprocess {ours:.0f} img/s, ratio {ratio:.2f}"
    )


def main(n: int = 2000, n_jobs: int = 2) -> None:
    """Measure generated and, where there are any, real archives."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "noise_450.zip"
        out = Path(folder) / f"{PX}.npy"
        compare(archive, make_bmp_archive(archive, n), n_jobs, out)
        data = os.environ.get("HEMAPIPE_DATA")
        for real in sorted(Path(data).glob("*.zip")) if data else []:
            compare(real, images_of(real, n), n_jobs, out)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
