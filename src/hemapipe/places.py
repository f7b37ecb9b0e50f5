"""Where the images of a zip lie in it: what reads them one after the other needs no directory and no names.

`zipfile` keeps nearly a kilobyte in memory for every entry of an archive; here an entry is 31 bytes of an array that
can be memory-mapped.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from hemapipe import archive
from hemapipe.core.errors import HemapipeError

if TYPE_CHECKING:
    import pandas as pd  # what only reads should not wait for it

#: `offset` is that of the entry's own header in the zip; `plain` files are whole and need nothing but decoding.
PLACE = np.dtype(
    [
        ("offset", "<u8"), ("packed_bytes", "<u8"), ("n_bytes", "<u8"), ("crc", "<u4"), ("method", "<u2"),
        ("plain", "?"),
    ]
)  # fmt: skip

#: An entry's own header: signature, the lengths of its name and of its extra field, which follow (APPNOTE.TXT, 4.3.7).
_HEADER = Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"


def find(raw: Path, rows: pd.DataFrame) -> np.ndarray:
    """Return the places (PLACE) in the zip `raw` of every decodable row of a manifest, in its order.

    Raises:
        HemapipeError: the archive is missing, or lacks one of them.
    """
    rows = rows[rows["status"] != "unreadable"]
    plain = (rows["status"] == "ok") & (rows["note"] == "")
    with archive.open_zip(raw) as opened:
        try:
            infos = [opened.getinfo(name) for name in rows["path"]]
        except KeyError as error:
            raise HemapipeError(f"{raw} has no such entry ({error}): `dvc repro catalog` lists it anew") from None
    found = [(i.header_offset, i.compress_size, i.file_size, i.CRC, i.compress_type) for i in infos]
    return np.array([(*place, known) for place, known in zip(found, plain, strict=True)], PLACE)


def load(path: Path) -> np.ndarray:
    """Return the places that the stage catalog wrote, memory-mapped.

    Raises:
        HemapipeError: it has not run.
    """
    if not path.exists():
        raise HemapipeError(f"{path} not found: `dvc repro catalog` makes it")
    return np.load(path, mmap_mode="r")


def read(handle: BinaryIO, place: np.void) -> tuple[str, bytes]:
    """Return the name and the content of the entry at `place` of an open zip.

    Raises:
        HemapipeError: there is no such entry, or it is damaged.
    """
    handle.seek(int(place["offset"]))
    signature, n_name, n_extra = _HEADER.unpack(handle.read(_HEADER.size).ljust(_HEADER.size))
    name = handle.read(n_name).decode("utf-8", "replace")
    if signature != _SIGNATURE:
        raise HemapipeError("the archive is not the one that was listed: `dvc repro catalog` lists it anew")
    handle.seek(n_extra, 1)
    packed, method, most = handle.read(int(place["packed_bytes"])), int(place["method"]), int(place["n_bytes"]) + 1
    try:
        if method == zipfile.ZIP_STORED:
            data = packed
        elif method == zipfile.ZIP_DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
        else:
            data = archive.unpack(io.BytesIO(packed), method, most)
    except archive.READ_ERRORS as error:
        raise HemapipeError(f"{name!r} is damaged in the archive: {error}") from error
    if zlib.crc32(data) != place["crc"]:
        raise HemapipeError(f"{name!r} is damaged in the archive, or not the file that was listed: `dvc repro catalog`")
    return name, data
