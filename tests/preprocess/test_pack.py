"""The packed array: contents, order, errors, and memory that does not grow."""

import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.preprocess import pack as module
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams

PARAMS = check(PreprocessParams, {"px": [8, 32], "shape": "stretch", "contrast": "none", "stain": "none"}, "preprocess")


def make_archive(path: Path, n: int, px: int = 16) -> list[str]:
    """Write `n` one-coloured PNGs whose red channel counts up, in an order that is not that of their names."""
    names = [f"Blöod smear/{(n * 7 - number) % 1000:04}_{number}.png" for number in range(n)]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            image = np.full((px, px, 3), (number % 250, 10, 200), np.uint8)
            archive.writestr(name, cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    return names


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_rows_follow_the_names_whatever_the_workers(tmp_path, monkeypatch, n_jobs):
    monkeypatch.setattr(module, "_WORTH_A_WORKER", 1)
    names = make_archive(tmp_path / "raw.zip", 11)
    chosen = names[3:] + names[:1]
    pack(tmp_path / "raw.zip", chosen, tmp_path / "packed/8.npy", 8, PARAMS, n_jobs)
    packed = np.load(tmp_path / "packed/8.npy", mmap_mode="r")
    assert packed.shape == (9, 8, 8, 3) and packed.dtype == np.uint8
    assert packed[:, 4, 4].tolist() == [[number, 10, 200] for number in [*range(3, 11), 0]]
    assert [file.name for file in (tmp_path / "packed").iterdir()] == ["8.npy"]


def test_plain_files_give_the_same_rows_and_a_wrong_claim_is_checked(tmp_path):
    names = make_archive(tmp_path / "raw.zip", 5)
    with zipfile.ZipFile(tmp_path / "raw.zip", "a") as handle:
        handle.writestr("bad.png", b"nothing")
    pack(tmp_path / "raw.zip", names, tmp_path / "checked.npy", 8, PARAMS)
    pack(tmp_path / "raw.zip", names, tmp_path / "plain.npy", 8, PARAMS, plain=frozenset(names))
    assert (tmp_path / "checked.npy").read_bytes() == (tmp_path / "plain.npy").read_bytes()
    with pytest.raises(HemapipeError, match=r"bad.png.*cannot be decoded"):
        pack(tmp_path / "raw.zip", ["bad.png"], tmp_path / "8.npy", 8, PARAMS, plain=["bad.png"])


def test_no_image_gives_an_empty_array(tmp_path):
    make_archive(tmp_path / "raw.zip", 1)
    pack(tmp_path / "raw.zip", [], tmp_path / "8.npy", 8, PARAMS)
    assert np.load(tmp_path / "8.npy").shape == (0, 8, 8, 3)


def test_errors_say_what_to_do(tmp_path):
    archive = tmp_path / "raw.zip"
    with pytest.raises(HemapipeError, match="16 px is not in"):
        pack(archive, [], tmp_path / "16.npy", 16, PARAMS)
    with pytest.raises(HemapipeError, match="not found"):
        pack(archive, [], tmp_path / "8.npy", 8, PARAMS)
    with zipfile.ZipFile(archive, "w") as handle:
        handle.writestr("bad.png", b"nothing")
    with pytest.raises(HemapipeError, match=r"bad.png.*cannot be decoded"):
        pack(archive, ["bad.png"], tmp_path / "8.npy", 8, PARAMS)
    with pytest.raises(HemapipeError, match=r"no entry 'gone.png'"):
        pack(archive, ["gone.png"], tmp_path / "8.npy", 8, PARAMS)
    assert not (tmp_path / "8.npy").exists()


PEAK = """
import resource, sys
from pathlib import Path
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
params = PreprocessParams(px=[32], shape="stretch", contrast="none", stain="none")
pack(Path("raw.zip"), Path("names").read_text().splitlines(), Path("32.npy"), 32, params)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mib(folder: Path, n: int) -> float:
    folder.mkdir()
    (folder / "names").write_text("\n".join(make_archive(folder / "raw.zip", n)))
    done = subprocess.run([sys.executable, "-c", PEAK], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def test_memory_does_not_grow_with_the_images(tmp_path):
    """12 MiB of rows more, and the directory of the archive alone may show (under 1 KiB an image)."""
    few, many = peak_mib(tmp_path / "few", 200), peak_mib(tmp_path / "many", 4000)
    assert (tmp_path / "many/32.npy").stat().st_size > 11 * 2**20
    assert many - few < 5, f"{few:.1f} MiB for 200 images, {many:.1f} MiB for 4,000"
