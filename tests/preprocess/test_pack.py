"""The packed array: contents, order, errors, and memory that does not grow."""

import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from hemapipe import places
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.preprocess import pack as module
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams

PLAIN = {"px": [8, 32], "neutral": [], "shape": "stretch", "contrast": "none", "stain": "none"}
PARAMS = check(PreprocessParams, PLAIN, "preprocess")


def make_archive(path: Path, n: int, px: int = 16) -> list[str]:
    """Write `n` one-coloured PNGs whose red channel counts up, in an order that is not that of their names."""
    names = [f"Blöod smear/{(n * 7 - number) % 1000:04}_{number}.png" for number in range(n)]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            image = np.full((px, px, 3), (number % 250, 10, 200), np.uint8)
            archive.writestr(name, cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    return names


def located(path: Path, names: list[str], note: str = "to be checked") -> np.ndarray:
    return places.find(path, pd.DataFrame({"path": names, "status": "ok", "note": note}))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_rows_follow_the_names_whatever_the_workers(tmp_path, monkeypatch, n_jobs):
    monkeypatch.setattr(module, "_WORTH_A_WORKER", 1)
    names = make_archive(tmp_path / "raw.zip", 11)
    chosen = located(tmp_path / "raw.zip", names[3:] + names[:1])
    pack(tmp_path / "raw.zip", chosen, tmp_path / "packed/8.npy", 8, PARAMS, n_jobs)
    packed = np.load(tmp_path / "packed/8.npy", mmap_mode="r")
    assert packed.shape == (9, 8, 8, 3) and packed.dtype == np.uint8
    assert packed[:, 4, 4].tolist() == [[number, 10, 200] for number in [*range(3, 11), 0]]
    assert [file.name for file in (tmp_path / "packed").iterdir()] == ["8.npy"]


def test_plain_files_give_the_same_rows_and_a_wrong_claim_is_checked(tmp_path):
    names = make_archive(tmp_path / "raw.zip", 5)
    with zipfile.ZipFile(tmp_path / "raw.zip", "a") as handle:
        handle.writestr("bad.png", b"nothing")
    for note in ("", "to be checked"):
        pack(tmp_path / "raw.zip", located(tmp_path / "raw.zip", names, note), tmp_path / f"8{note}.npy", 8, PARAMS)
    assert (tmp_path / "8.npy").read_bytes() == (tmp_path / "8to be checked.npy").read_bytes()
    with pytest.raises(HemapipeError, match=r"bad.png.*cannot be decoded"):
        pack(tmp_path / "raw.zip", located(tmp_path / "raw.zip", ["bad.png"], ""), tmp_path / "16.npy", 8, PARAMS)


def test_no_image_gives_an_empty_array(tmp_path):
    make_archive(tmp_path / "raw.zip", 1)
    pack(tmp_path / "raw.zip", located(tmp_path / "raw.zip", []), tmp_path / "8.npy", 8, PARAMS)
    assert np.load(tmp_path / "8.npy").shape == (0, 8, 8, 3)


def test_errors_say_what_to_do(tmp_path):
    archive, nothing = tmp_path / "raw.zip", np.empty(0, places.PLACE)
    with pytest.raises(HemapipeError, match="16 px is not in"):
        pack(archive, nothing, tmp_path / "16.npy", 16, PARAMS)
    with pytest.raises(HemapipeError, match="not found"):
        pack(archive, nothing, tmp_path / "8.npy", 8, PARAMS)
    with zipfile.ZipFile(archive, "w") as handle:
        handle.writestr("bad.png", b"nothing")
    with pytest.raises(HemapipeError, match=r"bad.png.*cannot be decoded"):
        pack(archive, located(archive, ["bad.png"]), tmp_path / "8.npy", 8, PARAMS)
    assert not (tmp_path / "8.npy").exists()


PEAK = r"""
import re
from pathlib import Path
from hemapipe import places
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
params = PreprocessParams(px=[32], neutral=[], shape="stretch", contrast="none", stain="none")
pack(Path("raw.zip"), places.load(Path("places.npy")), Path("32.npy"), 32, params)
print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def peak_mib(folder: Path, n: int) -> float:
    """Return the most memory that packing `n` images took, MiB; their places are found in another process.

    Not `ru_maxrss`, which a new process has from the one that started it.
    """
    folder.mkdir()
    np.save(folder / "places.npy", located(folder / "raw.zip", make_archive(folder / "raw.zip", n)))
    done = subprocess.run([sys.executable, "-c", PEAK], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize(("n_few", "n_many"), [(200, 4000), pytest.param(1000, 100_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_images(tmp_path, n_few, n_many):
    """Of what is read (31 bytes an image) and written (3 KiB) only the pages of the former may stay in memory."""
    few, many = peak_mib(tmp_path / "few", n_few), peak_mib(tmp_path / "many", n_many)
    assert many - few < 1 + 31 * n_many / 2**20, f"{few:.1f} MiB for {n_few} images, {many:.1f} MiB for {n_many}"
