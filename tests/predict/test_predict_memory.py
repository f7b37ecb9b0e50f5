"""Ten times the files take no more memory."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

#: Where Linux says how much memory a process has held at most. `getrusage` would say what its parent held before it.
STATUS = Path("/proc/self/status")
#: Predicts a folder and prints the number of files and the peak of the resident memory, in kB.
SCRIPT = f"""
import re, sys
from pathlib import Path
from hemapipe.predict import command
from hemapipe.predict.inputs import Inputs
from hemapipe.predict.run import load_run
root, folder, out = map(Path, sys.argv[1:])
done = command.predict(load_run(root).only("vote"), Inputs([folder]), "vote", "csv", out)
print(done.n_files, re.search(r"VmHWM:\\s+(\\d+) kB", Path({str(STATUS)!r}).read_text())[1])
"""
#: A batch of 64 x 64 images is 0.4 MB; what allocators and threads leave behind differs from call to call.
MOST_MB = 8


def peak_mb(exported, folder, n_files):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(exported), str(folder), str(folder.with_suffix(".csv"))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    n, kilobytes = map(int, done.stdout.split())
    assert n == n_files
    return kilobytes / 1024


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason=f"no {STATUS} on this system")
def test_2000_images_take_the_memory_of_200(exported, smears, tmp_path):
    content = [cv2.imencode(".png", image)[1].tobytes() for *_, image in smears]
    peaks = []
    for n_files in (200, 2000):
        folder = tmp_path / str(n_files)
        folder.mkdir()
        for number in range(n_files):
            (folder / f"{number:04}.png").write_bytes(content[number % len(content)])
        peaks.append(peak_mb(exported, folder, n_files))
    assert peaks[1] - peaks[0] < MOST_MB, peaks
