"""Files to send."""

import io
import struct
import zipfile
import zlib

import cv2
import numpy as np


def png(colour=(200, 180, 190), width=40, height=30):
    """Return a PNG of one colour with a little noise."""
    noise = np.random.default_rng(1).integers(-3, 4, (height, width, 3))
    image = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def jpeg(width=64, height=64):
    """Return a JPEG of noise."""
    image = np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def zipped(entries):
    """Return a zip of name → bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def bomb_png(side=60_000):
    """Return a PNG of a few hundred bytes that declares side × side pixels."""
    data = bytearray(png(width=8, height=8))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def lying_zip(method, size=120 << 20, declared=5_000):
    """Return a zip with one entry that begins as a JPEG and unpacks to more than it declares."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.jpg", b"\xff\xd8\xff" + bytes(size))
    data = bytearray(out.getvalue())
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, declared)
    return bytes(data)


def png16(width, height):
    """Return a PNG of 16 bit."""
    return cv2.imencode(".png", np.full((height, width, 3), 40_000, np.uint16))[1].tobytes()


def files(*many):
    """Return (name, data) pairs as a form's `files`."""
    return [("files", (name, data)) for name, data in many]
