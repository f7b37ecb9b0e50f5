"""Put one archive, whole and checked, at data/raw.zip. The data folder is `--data-dir DIR` or HEMAPIPE_DATA."""

import os
from pathlib import Path

from hemapipe import sources
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check, lookup, read_params
from stages.run import run

RAW = Path("data/raw.zip")


def main(*words: str) -> None:
    """Fetch the archive of `download.source`."""
    data_dir = _data_dir(words)
    params = read_params()
    name = lookup(params, "download.source")
    source = sources.load(name)
    settings = check(source.Params, lookup(params, f"download.{name}"), f"download.{name}")
    RAW.parent.mkdir(parents=True, exist_ok=True)
    source.fetch(settings, lookup(params, "seed"), lookup(params, "threads"), data_dir, RAW)


def _data_dir(words: tuple[str, ...]) -> Path | None:
    if words and (len(words) != 2 or words[0] != "--data-dir"):
        raise HemapipeError("usage: python -m stages.download [--data-dir DIR]")
    named = words[1] if words else os.environ.get("HEMAPIPE_DATA", "")
    return Path(named).expanduser() if named else None


if __name__ == "__main__":
    run(main)
