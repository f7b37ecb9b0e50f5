"""The audit's checks beside CleanVision's: `python benchmarks/audit.py [--images 1200] [--cleanvision PYTHON]`.

Only the checks that both make: exact repeats, near repeats by equal perceptual hash, blur, dark, light, low
information, odd size and shape. Both read the same whole files, in turns, two processes each, imports and
start-up not counted; the ratio is the median over the pairs. CleanVision pins other versions, so it lives in an
environment of its own:
`python -m venv other && other/bin/pip install cleanvision==0.3.7`.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import tempfile
import time
import zipfile
from dataclasses import asdict
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd

from hemapipe import archive, places
from hemapipe.audit import quality
from hemapipe.catalog.files import list_images
from hemapipe.catalog.manifest import read_all
from hemapipe.images import decode_plain
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.smear.archive import generate
from hemapipe.smear.params import SyntheticParams

_PX = 128
_THEIRS = """
import json, sys, time, contextlib, io
from cleanvision import Imagelab
kinds = dict.fromkeys(["exact_duplicates", "near_duplicates", "blurry", "dark", "light", "low_information",
                       "odd_aspect_ratio", "odd_size"], {})
began = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues(kinds, n_jobs=int(sys.argv[2]), verbose=False)
found = {name: int(lab.issues["is_" + name + "_issue"].sum()) for name in kinds}
print(json.dumps({"seconds": time.perf_counter() - began, "images": len(lab.issues), "found": found}))
"""


def measured(images, raw, names):
    """Return the quality measures of some packed images and their files."""
    cv2.setNumThreads(1)
    with archive.open_zip(raw) as opened:
        return np.array(
            [
                quality.measure(image, decode_plain(archive.read(opened, name)))
                for image, name in zip(images, names, strict=True)
            ]
        )


def ours(raw, work, n_jobs):
    """Make the checks; return seconds, images and what was found."""
    began = time.perf_counter()
    records = read_all(raw, list_images(raw), n_jobs)
    table = pd.DataFrame([asdict(record) for record in records])
    rows = table[table["status"] != "unreadable"]
    how = PreprocessParams(px=[_PX], neutral=[], shape="stretch", contrast="none", stain="none")
    pack(raw, places.find(raw, rows), work / "packed.npy", _PX, how, n_jobs)
    packed = np.load(work / "packed.npy", mmap_mode="r")
    bounds = np.linspace(0, len(packed), 4 * n_jobs + 1).astype(int)
    paths = rows["path"].to_list()
    parts = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(measured)(packed[start:stop], raw, paths[start:stop])
        for start, stop in itertools.pairwise(bounds)
    )
    problems = quality.problems(np.concatenate(parts), rows)
    found = {name: int(mask.sum()) for name, mask in problems.items()}
    found |= {name: int(rows.duplicated(name, keep=False).sum()) for name in ("sha256", "phash")}
    return {"seconds": time.perf_counter() - began, "images": len(table), "found": found}


def theirs(python, folder, n_jobs):
    """Run CleanVision in its own environment; return the same."""
    done = subprocess.run([python, "-c", _THEIRS, str(folder), str(n_jobs)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1200)
    parser.add_argument("--px", type=int, default=224)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cleanvision", default="", help="a python that has cleanvision")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        whole = SyntheticParams(n_images=args.images, px=args.px, n_truncated=0, n_unreadable=0)
        generate(whole, 1, work / "raw.zip", args.jobs)
        with zipfile.ZipFile(work / "raw.zip") as opened:
            opened.extractall(work / "files", [name for name in opened.namelist() if name.startswith("images/")])
        ours(work / "raw.zip", work, args.jobs)  # starts the worker processes
        has_other = bool(args.cleanvision)
        pairs = []
        for _ in range(args.pairs):
            other = theirs(args.cleanvision, work / "files", args.jobs) if has_other else None
            pairs.append((ours(work / "raw.zip", work, args.jobs), other))
    mine = statistics.median(one["images"] / one["seconds"] for one, _ in pairs)
    print(f"hemapipe:    {mine:.0f} img/s, {args.jobs} processes, {args.px} px; {pairs[0][0]['found']}")
    if not has_other:
        print("CleanVision: give --cleanvision PYTHON; the text at the top of this file says how to install it")
        return
    other = statistics.median(one["images"] / one["seconds"] for _, one in pairs)
    print(f"CleanVision: {other:.0f} img/s; {pairs[0][1]['found']}")
    ratio = statistics.median(o["seconds"] / o["images"] * m["images"] / m["seconds"] for m, o in pairs)
    print(f"ratio: {ratio:.2f} (wanted: above 1)")


if __name__ == "__main__":
    main()
