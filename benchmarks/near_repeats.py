"""Seconds and peak memory of the search for near repeats: `python benchmarks/near_repeats.py [--n 3000 12500]`.

The images are generated ones (--distinct of them) and, up to n, double exposures of two of them, each turned and rolled
round at random, so that no two are alike; among them 2 % planted near repeats (shifted, turned, mirrored, brightened,
recompressed), whose recall is printed; `others` are double exposures that share an original in about the same place.
The embedding has 1,280 columns, as lite0's, and is a random projection of coarse thumbnails: extracting features is not
what is measured here. Memory is that of all processes without the pages of mapped files.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
from joblib import Parallel, delayed

from hemapipe.smear.archive import shoot
from hemapipe.smear.cohort import cohort
from hemapipe.smear.faults import decode, encode
from hemapipe.smear.params import SyntheticParams
from hemapipe.ties import near, views
from hemapipe.ties.params import TiesParams

PX = 128


def generated(n: int, n_jobs: int) -> np.ndarray:
    """Return n drawn fields, uint8 RGB."""
    params = SyntheticParams(n_patients=40, n_images=n, px=PX, difficulty=0.6, patient_variation=0.8)
    rolls = Parallel(n_jobs=n_jobs)(delayed(shoot)(patient, params) for patient in cohort(params, 1))
    return np.stack([decode(shot.data) for roll in rolls for shot in roll])


def moved(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Turn and roll an image at random."""
    image = np.rot90(image, int(random.integers(4)))
    return np.roll(image[:, :: int(random.choice([-1, 1]))], tuple(random.integers(0, PX, 2)), (0, 1))


def near_copy(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a copy turned in one of eight ways, rotated and shifted a little, brightened and recompressed."""
    turn = int(random.integers(8))
    copy = np.moveaxis(views.turned(np.moveaxis(image, 2, 0), turn), 0, 2)
    matrix = cv2.getRotationMatrix2D((PX / 2, PX / 2), float(random.uniform(-8, 8)), 1)
    matrix[:, 2] += random.uniform(-8, 8, 2)
    copy = cv2.warpAffine(np.ascontiguousarray(copy), matrix, (PX, PX), borderMode=cv2.BORDER_REFLECT)
    return decode(encode(np.clip(copy * random.uniform(0.9, 1.1), 0, 255).astype(np.uint8), 70))


def write_images(base: np.ndarray, n: int, path: Path) -> set[tuple[int, int]]:
    """Write n images to a .npy file and return the planted pairs."""
    random = np.random.default_rng(n)
    out = np.lib.format.open_memmap(path, "w+", np.uint8, (n, PX, PX, 3))
    n_near = n // 50
    for row in range(n - n_near):
        first, second = random.integers(0, len(base), 2)
        both = np.minimum(moved(base[first], random), moved(base[second], random))
        out[row] = base[row] if row < len(base) else both
    originals = random.permutation(n - n_near)[:n_near]
    for place, original in enumerate(originals):
        out[n - n_near + place] = near_copy(out[original], random)
    out.flush()
    return {(int(original), n - n_near + place) for place, original in enumerate(originals)}


def embedded(packed: np.ndarray) -> np.ndarray:
    """Return (n, 1280) features."""
    thumbs = np.stack([cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA).ravel() for image in packed])
    return thumbs.astype(np.float32) @ np.random.default_rng(0).normal(size=(192, 1280)).astype(np.float32)


class Memory(threading.Thread):
    """Watches the anonymous memory of this process and its children, MiB."""

    def __init__(self) -> None:
        """Start watching."""
        super().__init__(daemon=True)
        self.peak, self.stopped = 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        """Look five times a second."""
        own = psutil.Process()
        while not self.stopped.wait(0.2):
            self.peak = max(self.peak, sum(map(anonymous, [own, *own.children(recursive=True)])))


def anonymous(process: psutil.Process) -> float:
    """Return RssAnon of a process, MiB; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[3000, 12500])
    parser.add_argument("--distinct", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    base = generated(args.distinct, args.jobs)
    for n in args.n:
        with tempfile.TemporaryDirectory() as folder:
            truth = write_images(base, n, Path(folder) / "packed.npy")
            packed = np.load(Path(folder) / "packed.npy", mmap_mode="r")
            features, hashes = embedded(packed), [str(row) for row in range(n)]
            memory, before = Memory(), anonymous(psutil.Process())
            began, used = time.perf_counter(), cpu_seconds()
            found = near.find(packed, features, hashes, TiesParams(), args.jobs)
            seconds, used = time.perf_counter() - began, cpu_seconds() - used
            memory.stopped.set()
        pairs = set(zip(found["index_a"], found["index_b"], strict=True))
        print(
            f"{n} images, {args.jobs} processes: {seconds:.0f} s ({used:.0f} s of processors), peak memory "
            f"{memory.peak:.0f} MiB (before: {before:.0f}); load {psutil.getloadavg()[0]:.1f}; of {len(truth)} planted "
            f"pairs {len(truth & pairs)} found, {len(pairs - truth)} others",
            flush=True,
        )


def cpu_seconds() -> float:
    """Return what this process, its children and its finished children have used."""
    own = psutil.Process()
    times = [own.cpu_times(), *(child.cpu_times() for child in own.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


if __name__ == "__main__":
    main()
