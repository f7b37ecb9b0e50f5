"""What a file tells before it is decoded: its size, its format, and how it was compressed."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from hemapipe import archive, images

#: `bytes` follows the content as well: an image with more cells compresses worse. So it is also left out once.
COLUMNS = ("bytes", "width", "height", "format", "channels", "quality_luma", "quality_chroma", "progressive", "exif")


def read(raw: Path, names: list[str]) -> pd.DataFrame:
    """Return `COLUMNS` (numbers) of the files `names`, a row each; no pixel is decoded.

    `quality_luma` and `quality_chroma` are the sums of the JPEG quantisation tables (0 in other formats), by which
    encoders and their settings differ; `format` is the index in `images.FORMATS`.
    """
    with archive.open_zip(raw) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large sizes and odd tags: the catalog has judged them
        rows = [_row(opened, name) for name in names]
    return pd.DataFrame(np.array(rows, float).reshape(-1, len(COLUMNS)), columns=list(COLUMNS))


def _row(opened: zipfile.ZipFile, name: str) -> tuple[float, ...]:
    data = archive.read(opened, name)
    header = Image.open(io.BytesIO(data), formats=images.FORMATS)
    tables = [sum(table) for table in getattr(header, "quantization", {}).values()]
    luma, chroma = [*tables, 0, 0][:2]
    kind = images.FORMATS.index(header.format) if header.format in images.FORMATS else -1
    progressive = float(bool(header.info.get("progressive", 0)))
    exif = float("exif" in header.info)
    return (len(data), *header.size, kind, len(header.getbands()), luma, chroma, progressive, exif)
