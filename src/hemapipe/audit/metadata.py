"""What a file tells before it is decoded: its size, its format, and how it was compressed."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from hemapipe import archive, images

#: `bytes` follows the content as well: an image with more cells compresses worse. So it is also left out once.
COLUMNS = (
    "bytes", "width", "height", "format", "channels", "quality_luma", "quality_chroma", "progressive", "exif",
    "compression", "pixels", "subsampling", "resolution",
)  # fmt: skip
_TEXT = ["compression", "pixels"]


def read(raw: Path, names: list[str]) -> pd.DataFrame:
    """Return `COLUMNS` (numbers) of the files `names`, a row each; no pixel is decoded.

    `quality_luma` and `quality_chroma` are the sums of the JPEG quantisation tables and `subsampling` that of the
    chroma (0 and -1 in other formats), by which encoders and their settings differ; `format` is the index in
    `images.FORMATS`; `compression` (TIFF, BMP) and `pixels` (mode and bits) are numbered in the order of their names;
    `resolution` is in dots per inch or as the file has it, 0 without.
    """
    with archive.open_zip(raw) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large sizes and odd tags: the catalog has judged them
        rows = [_row(opened, name) for name in names]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table[_TEXT] = table[_TEXT].apply(lambda values: pd.factorize(values, sort=True)[0])
    return table.astype(float)


def _row(opened: zipfile.ZipFile, name: str) -> tuple[float | str, ...]:
    data = archive.read(opened, name)
    header = Image.open(io.BytesIO(data), formats=images.FORMATS)
    info = header.info
    tables = [sum(table) for table in getattr(header, "quantization", {}).values()]
    luma, chroma = [*tables, 0, 0][:2]
    kind = images.FORMATS.index(header.format) if header.format in images.FORMATS else -1
    return (
        len(data), *header.size, kind, len(header.getbands()), luma, chroma,
        float(bool(info.get("progressive", 0))), float("exif" in info),
        str(info.get("compression", "")), _pixels(header), get_sampling(header), _resolution(info),
    )  # fmt: skip


def _pixels(header: Image.Image) -> str:
    """Return the mode and, where the decoder names it, how a pixel lies in the file: `RGB RGB;16B`."""
    tiles = getattr(header, "tile", [])
    arguments = tiles[0][3] if tiles else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return f"{header.mode} {raw if isinstance(raw, str) else ''}"


def _resolution(info: dict[Any, Any]) -> float:
    across = (info.get("dpi") or info.get("jfif_density") or (0,))[0]
    try:
        value = float(across)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return value if np.isfinite(value) else 0.0
