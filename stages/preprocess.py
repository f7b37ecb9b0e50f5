"""Decode, resize and normalise every decodable image into data/packed/<px>.npy: `python -m stages.preprocess <px>`."""

from pathlib import Path

from hemapipe import places
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import load, lookup, read_params
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
from stages.run import run


def main(px: str = "") -> None:
    """Write the packed array of one size; `px` is one of preprocess.px."""
    params = load(PreprocessParams, "preprocess")
    if not px.isdigit():
        raise HemapipeError(f"give a side in pixels, one of {params.px}: python -m stages.preprocess {params.px[0]}")
    n_jobs = int(lookup(read_params(), "threads"))
    where = places.load(Path("data/places.npy"))
    pack(Path("data/raw.zip"), where, Path(f"data/packed/{px}.npy"), int(px), params, n_jobs)


if __name__ == "__main__":
    run(main)
