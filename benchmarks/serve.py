"""What the server costs: its throughput under load beside a bare loop over the same files and models.

    python benchmarks/serve.py [--root .] [--seconds 60] [--clients 8] [--files 4] [--px 128]

Both decode the same JPEG files and ask all exported models of the checkout `root`, in batches; the loop does nothing
else, in one process. The server is a process of its own, at its default settings, and its clients are threads of this
one, on the same cores: each keeps a connection, and sends a request of `files` images as soon as the last is answered.
The loop runs before and after; the larger of its two speeds counts. Wanted: no error, and a ratio of .60 or more.
"""

import argparse
import http.client
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hemapipe.images import decode
from hemapipe.predict.run import load_run
from hemapipe.smear.archive import shoot
from hemapipe.smear.cohort import cohort
from hemapipe.smear.params import SyntheticParams

BATCH = 32


def jpegs(px, n_images=64):
    """Return fields of synthetic patients as JPEG files."""
    params = SyntheticParams(px=px, n_patients=8, n_images=n_images)
    return [shot.data for patient in cohort(params, 7) for shot in shoot(patient, params)]


def bare(run, files, seconds):
    """Return images/s of decoding and looking, batch after batch."""
    run.look([decode(data).pixels for data in files[:BATCH]])  # loads the graphs
    began, n_images = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        batch = [files[(n_images + place) % len(files)] for place in range(BATCH)]
        run.look([decode(data).pixels for data in batch])
        n_images += BATCH
    return n_images / (time.perf_counter() - began)


def form(files):
    """Return a body of multipart/form-data."""
    parts = [
        b'--x\r\ncontent-disposition: form-data; name="files"; filename="%d.jpg"\r\n\r\n%s\r\n' % (place, data)
        for place, data in enumerate(files)
    ]
    return b"".join(parts) + b"--x--\r\n"


def client(port, bodies, until, seconds_of, errors):
    """Send body after body until the time is over; note what each took, and every answer that is no 200."""
    connection, place = http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        connection.request(
            "POST", "/v1/predict", bodies[place % len(bodies)], {"content-type": "multipart/form-data; boundary=x"}
        )
        answer = connection.getresponse()
        text = answer.read()
        seconds_of.append(time.perf_counter() - began)
        if answer.status != 200 or b'"error":{' in text:
            errors.append(text[:200])
        place += 1


def load(root, files, args):
    """Start the server, let the clients at it; return images/s, seconds per request and errors."""
    command = [sys.executable, "-m", "hemapipe.cli", "serve", "--port", "0", "--threads", str(args.threads)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().split("http://127.0.0.1:")[1].split()[0])
            bodies = [form(files[at : at + args.files]) for at in range(0, len(files) - args.files + 1, args.files)]
            seconds_of, errors = [], []
            began = time.perf_counter()
            threads = [
                threading.Thread(
                    target=client, args=(port, bodies[n:] + bodies[:n], began + args.seconds, seconds_of, errors)
                )
                for n in range(args.clients)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return len(seconds_of) * args.files / (time.perf_counter() - began), np.array(seconds_of), errors
        finally:
            server.terminate()


def main():
    """Print the ratio and what it is made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--files", type=int, default=4, help="images in a request")
    parser.add_argument("--px", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1, help="of the models, in both")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    files, run = jpegs(args.px), load_run(args.root, threads=args.threads)
    before = bare(run, files, min(10, args.seconds))
    speed, seconds_of, errors = load(args.root, files, args)
    loop = max(before, bare(run, files, min(10, args.seconds)))
    p50, p99 = np.quantile(seconds_of, [0.5, 0.99])
    print(f"{len(run.models)} models, {args.clients} clients, {args.files} images of {args.px} px a request")
    print(f"{len(seconds_of)} requests, {len(errors)} errors; p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    print(f"server {speed:.1f} images/s, bare loop {loop:.1f}: ratio {speed / loop:.2f} (wanted: .60)")


if __name__ == "__main__":
    main()
