"""A contact sheet: what the images of each class look like, on one page."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_TILE_PX = 112
_GAP_PX = 2
_HEADER_PX = 20
_JPEG_QUALITIES = (88, 80, 70, 55, 40)
_PNG_SCALES = (1.0, 0.9, 0.8, 0.65, 0.5, 0.35)  # of the picture in 256 colours


def contact_sheet(
    images_by_label: dict[str, list[np.ndarray]], path: Path, columns: int = 8, max_bytes: int = 300_000
) -> None:
    """Write a sheet of RGB uint8 images, a headed block of rows per class, as PNG or JPEG by the suffix of `path`.

    Images of any size become tiles with their proportions kept. The picture is made coarser until it fits
    `max_bytes`: 256 colours, then a smaller scale for a PNG; a lower quality for a JPEG.
    """
    width = columns * (_TILE_PX + _GAP_PX) + _GAP_PX
    blocks = [_block(label, images, columns, width) for label, images in images_by_label.items()]
    sheet = Image.fromarray(np.vstack(blocks)) if blocks else Image.new("RGB", (width, _HEADER_PX), "white")
    path.parent.mkdir(parents=True, exist_ok=True)
    _save(sheet, path, max_bytes)


def _block(label: str, images: list[np.ndarray], columns: int, width: int) -> np.ndarray:
    n_rows = -(-len(images) // columns)
    step = _TILE_PX + _GAP_PX
    block = np.full((_HEADER_PX + n_rows * step + _GAP_PX, width, 3), 255, np.uint8)
    block[:_HEADER_PX] = _header(label, width)
    for index, image in enumerate(images):
        top, left = _HEADER_PX + index // columns * step, _GAP_PX + index % columns * step
        block[top : top + _TILE_PX, left : left + _TILE_PX] = _tile(image)
    return block


def _tile(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    scale = _TILE_PX / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    tile = np.full((_TILE_PX, _TILE_PX, 3), 235, np.uint8)
    top, left = (_TILE_PX - size[1]) // 2, (_TILE_PX - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile


def _header(label: str, width: int) -> np.ndarray:
    strip = Image.new("RGB", (width, _HEADER_PX), "white")
    ImageDraw.Draw(strip).text((_GAP_PX + 2, 3), label, fill="black", font=ImageFont.load_default(13))
    return np.asarray(strip)


def _save(sheet: Image.Image, path: Path, max_bytes: int) -> None:
    if path.suffix.lower() in {".jpg", ".jpeg"}:
        for quality in _JPEG_QUALITIES:
            sheet.save(path, quality=quality, optimize=True)
            if path.stat().st_size <= max_bytes:
                return
        return
    sheet.save(path, optimize=True)
    for scale in _PNG_SCALES:
        if path.stat().st_size <= max_bytes:
            return
        smaller = sheet.resize((round(sheet.width * scale), round(sheet.height * scale)), Image.Resampling.LANCZOS)
        # An octree spreads its colours over the hues; a median cut spends them all on the background.
        smaller.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
