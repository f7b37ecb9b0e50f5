"""Decode, resize and normalise every decodable image into data/packed/<px>.npy: `python -m stages.preprocess <px>`."""

from pathlib import Path

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import MANIFEST, read_table
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
from stages.run import run


def main(px: str = "") -> None:
    """Write the packed array of one size; `px` is one of preprocess.px."""
    params = load(PreprocessParams, "preprocess")
    if not px.isdigit():
        raise HemapipeError(f"give a side in pixels, one of {params.px}: python -m stages.preprocess {params.px[0]}")
    manifest = read_table("data/manifest.csv", MANIFEST)
    names = manifest.loc[manifest["status"] != "unreadable", "path"].to_list()
    plain = frozenset(manifest.loc[(manifest["status"] == "ok") & (manifest["note"] == ""), "path"])
    n_jobs = int(lookup(read_params(), "threads"))
    pack(Path("data/raw.zip"), names, Path(f"data/packed/{px}.npy"), int(px), params, n_jobs, plain)


if __name__ == "__main__":
    run(main)
