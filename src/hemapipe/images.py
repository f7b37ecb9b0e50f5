"""Decode one image file, whatever it holds, into RGB uint8 pixels and a verdict.

Every decodable picture becomes the same thing: height × width × 3, uint8, RGB, upright. What was done to get there
(orientation, grey, CMYK, alpha, bit depth) is said in the note. OpenCV decodes what is common, because it is fast;
Pillow reads every header first but a plain JPEG's (so that an absurd size is refused before any memory is taken),
decodes what OpenCV would misread, and gives the second opinion on files that end too early.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin, WebPImagePlugin  # noqa: F401

#: 100 megapixels are 300 MB of pixels; a camera's field of view has a quarter of that.
MAX_PIXELS = 100_000_000

Status = Literal["ok", "truncated", "unreadable"]

#: Only these are tried: Pillow also knows formats that start other programs (EPS).
FORMATS = ["JPEG", "PNG", "BMP", "DIB", "TIFF", "GIF", "WEBP"]

_ORIENTATION = 0x0112  # EXIF tag
_CV2_MODES = {"L", "RGB", "1", "P", "I;16", "I;16B", "I;16L"}
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"GIF8")
_END_MARKED = {"JPEG", "PNG", "BMP"}
#: Markers of JPEG (ITU-T T.81, table B.1): frames, baseline and progressive; and segments that do not change how
#: pixels are read (JFIF, tables, restart interval, comment), as EXIF, Adobe's and others may.
_JPEG_FRAMES, _JPEG_HARMLESS = {0xC0, 0xC2}, {0xE0, 0xDB, 0xC4, 0xDD, 0xFE}
_JPEG_JFIF, _JPEG_JFIF_BYTES, _JPEG_SCAN = 0xE0, 16, 0xDA
_lenient = threading.Lock()
#: Bytes that `decode` takes per pixel at its peak, those of its result (3) among them, whatever the file's mode, and
#: however it is damaged; measured, see docs/serve.md. WebP's decoder makes copies of its own.
PEAK_BYTES, PEAK_BYTES_WEBP = 12, 24
#: Pixels converted at a time: what a conversion needs beside the image itself is bounded by it.
_BAND_PIXELS = 1 << 18

# Pillow registers a format when its plugin is imported: TIFF and WebP above, the others here.
Image.preinit()

# A decoder's complaint about one file belongs into that file's note, not on the screen.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True)
class Decoded:
    """Pixels of one file: uint8 height × width × 3 RGB, or None when the status is `unreadable`.

    `note` gives the reason of a status other than ok, or what was normalised; `format` is what the content is
    (JPEG, PNG, BMP, TIFF, …), whatever the file is called; '' when no decoder knows it.
    """

    pixels: np.ndarray | None
    status: Status
    note: str = ""
    format: str = ""


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode the bytes of an image file; never raises on bad content.

    Status `truncated` comes with the pixels that could be decoded (the rest is filler); `unreadable` has none.
    """
    if not data:
        return Decoded(None, "unreadable", "zero bytes")
    try:
        pixels = _opencv(data, []) if _is_plain_jpeg(data, max_pixels) else None
        if pixels is not None:
            return Decoded(pixels, "ok", "", "JPEG")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes and tags that are judged here
            return _decode(data, max_pixels)
    except MemoryError:
        raise  # the machine's fault, not the file's
    except Exception as error:  # decoders raise whatever they like on hostile bytes; the reason goes into the row
        return Decoded(None, "unreadable", _reason(error))


def decode_plain(data: bytes) -> np.ndarray | None:
    """Return the RGB pixels of a file that `decode` found ok and without a note: the same ones, without a second look.

    None where the quick decoder gives up: `decode` then says why.
    """
    return _opencv(data, [])


def looks_like_image(head: bytes) -> bool:
    """Say whether the first 16 bytes of a file are those of an image format read here."""
    return head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _is_plain_jpeg(data: bytes, max_pixels: int) -> bool:
    """Say whether this is a whole JPEG of three channels of 8 bits, small enough, that needs nothing but decoding.

    Most images are. Pillow takes 14 µs for what this finds in 4, and decoding a small image 90.
    """
    if data[:2] != b"\xff\xd8" or not _ends_properly(data, "JPEG"):
        return False
    place, frame = 2, b""
    while len(head := data[place : place + 10]) == 10 and head[0] == 0xFF:
        marker, n_bytes = head[1], int.from_bytes(head[2:4], "big")
        if marker == _JPEG_SCAN:
            height, width = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big")
            return frame[4:5] == b"\x08" and frame[9:] == b"\x03" and 0 < height * width <= max_pixels
        if marker in _JPEG_FRAMES and not frame:
            frame = head
        elif marker not in _JPEG_HARMLESS or (marker == _JPEG_JFIF and n_bytes < _JPEG_JFIF_BYTES):
            return False
        place += 2 + n_bytes
    return False


def _decode(data: bytes, max_pixels: int) -> Decoded:
    try:
        header = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        return Decoded(None, "unreadable", f"decompression bomb: {error}")
    except Image.UnidentifiedImageError:
        return Decoded(None, "unreadable", "no image format recognised in the content")
    kind = "JPEG" if header.format == "MPO" else header.format or ""
    width, height = header.size
    if width * height > max_pixels:
        return Decoded(None, "unreadable", f"decompression bomb: {width}x{height} pixels declared", kind)
    if header.mode in {"I", "F"}:
        return Decoded(None, "unreadable", "pixels of 32 bits have no defined range: save as 8 or 16 bit", kind)
    return _decode_kind(data, header, kind)


def _decode_kind(data: bytes, header: Image.Image, kind: str) -> Decoded:
    notes = _describe(header)
    pixels = _opencv(data, notes) if _opencv_can(header) else None
    if pixels is not None and _ends_properly(data, kind):
        return Decoded(pixels, "ok", "; ".join(notes), kind)
    try:
        strict = _loaded(data)
    except Exception as error:  # the second opinion: the file is cut off or damaged
        return _salvage(data, kind, error, notes)
    if kind in _END_MARKED and not _ends_properly(data, kind):
        notes.append("end marker not at the end, all pixels there")
    return Decoded(_rgb(strict) if pixels is None else pixels, "ok", "; ".join(notes), kind)


def _describe(header: Image.Image) -> list[str]:
    """Note what will be normalised, from the header alone."""
    notes: list[str] = []
    has_exif = "exif" in header.info or header.format == "TIFF"
    orientation = header.getexif().get(_ORIENTATION, 1) if has_exif else 1
    if orientation in range(2, 9):
        notes.append(f"EXIF orientation {orientation} applied")
    if header.mode in {"L", "LA", "1", "I;16", "I;16B", "I;16L"}:
        notes.append("grayscale")
    if header.mode == "CMYK":
        notes.append("CMYK converted")
    if _has_alpha(header):
        notes.append("alpha laid on white")
    # Whether there is a second one; to count them, Pillow walks them all, in time that grows with their square.
    if getattr(header, "is_animated", False) and header.format != "MPO":
        notes.append("first of several frames")
    return notes


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info


def _opencv_can(header: Image.Image) -> bool:
    return header.mode in _CV2_MODES and not _has_alpha(header)


def _opencv(data: bytes, notes: list[str]) -> np.ndarray | None:
    """Decode with OpenCV (EXIF applied, grey to three channels, 16 bit to 8), or None where it gives up."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    if pixels.dtype == np.uint16:
        pixels = _to_8_bit(pixels, notes)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)  # in place: a second large array costs page faults


def _to_8_bit(pixels: np.ndarray, notes: list[str]) -> np.ndarray:
    """Scale the full 16-bit range to 0..255. A fixed scale, so that images of one set stay comparable."""
    notes.append("16 bit scaled to 8")
    largest = int(pixels.max())
    if 255 < largest < 1 << 14:
        notes.append(f"dark: uses only {largest.bit_length()} of its 16 bits")
    scaled = np.empty(pixels.shape, np.uint8)
    for rows in _bands(*pixels.shape[:2]):
        scaled[rows] = (pixels[rows].astype(np.uint32) + 128) // 257
    return scaled


def _bands(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of an image, a band at a time."""
    step = max(1, _BAND_PIXELS // max(1, width))
    return (slice(start, min(start + step, height)) for start in range(0, height, step))


def _loaded(data: bytes) -> Image.Image:
    """Decode with Pillow, upright; strictly: an incomplete file raises."""
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _rgb(image: Image.Image) -> np.ndarray:
    """Return an image of any mode in RGB, alpha laid on white, 16 bit scaled to 8."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    if image.mode.startswith("I;16"):
        pixels[:] = _to_8_bit(np.asarray(image), [])[..., None]
        return pixels
    for rows in _bands(image.height, image.width):
        pixels[rows] = np.asarray(_band_rgb(image.crop((0, rows.start, image.width, rows.stop))))
    return pixels


def _band_rgb(band: Image.Image) -> Image.Image:
    if _has_alpha(band):
        band = band.convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
    return band.convert("RGB")


def _salvage(data: bytes, kind: str, error: Exception, notes: list[str]) -> Decoded:
    """Decode what there is of a damaged file; without a single pixel it is unreadable."""
    with _lenient:
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            pixels = _rgb(_loaded(data))
        except Exception:  # the strict decoder's reason says more than this one's
            return Decoded(None, "unreadable", _reason(error), kind)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    if np.ptp(pixels, axis=(0, 1)).max() == 0:
        return Decoded(None, "unreadable", f"{_reason(error)}; no pixel decoded", kind)
    notes.append(f"cut off: {_reason(error)}")
    return Decoded(pixels, "truncated", "; ".join(notes), kind)


def _ends_properly(data: bytes, kind: str) -> bool:
    """Say whether the format's own mark of the end is in place; formats without one need the second opinion."""
    if kind == "JPEG":
        return data.rstrip(b"\0\r\n").endswith(b"\xff\xd9")
    if kind == "PNG":
        return data.rstrip(b"\0\r\n")[-8:-4] == b"IEND"
    if kind == "BMP":
        return len(data) >= int.from_bytes(data[2:6], "little") > 0
    return False


def _reason(error: Exception) -> str:
    text = str(error).split("<_io")[0].strip() or type(error).__name__
    return text[:120]
