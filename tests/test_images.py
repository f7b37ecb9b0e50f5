"""What becomes of every kind of image file: known pixels in, known pixels or a reason out."""

import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_archive import peak_rss

from hemapipe import images
from hemapipe.images import PEAK_BYTES, decode, looks_like_image

WIDE = cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 9, 3), dtype=np.uint8), (90, 60))


def encode(kind: str, mode: str = "RGB", pixels: np.ndarray = WIDE, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def encode_16_bit(pixels: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_a_lossless_file_gives_its_exact_rgb_pixels(kind):
    result = decode(encode(kind))
    assert (result.status, result.note, result.format) == ("ok", "", kind)
    np.testing.assert_array_equal(result.pixels, WIDE)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_lossy_file_is_close_and_in_rgb_order(kind):
    result = decode(encode(kind, quality=95))
    assert result.status == "ok" and result.pixels.dtype == np.uint8
    assert np.abs(result.pixels.astype(int) - WIDE).mean() < 6


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0, "dpi": (9, 9)}, {"comment": "slide 7"}, {"restart_marker_rows": 1}],
)
def test_a_plain_jpeg_is_the_same_without_a_second_look(options, monkeypatch):
    data = encode("JPEG", **options)
    monkeypatch.setattr(images.Image, "open", None)
    quick = decode(data)
    monkeypatch.undo()
    monkeypatch.setattr(images, "_is_plain_jpeg", lambda data, max_pixels: False)
    slow = decode(data)
    assert (quick.status, quick.note, quick.format) == (slow.status, slow.note, slow.format) == ("ok", "", "JPEG")
    np.testing.assert_array_equal(quick.pixels, slow.pixels)


def test_what_more_must_be_known_of_has_its_second_look():
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encode("JPEG")
    assert images._is_plain_jpeg(whole, 60 * 90)
    turned = encode("JPEG", exif=exif)
    start = turned.index(b"\xff\xe1")
    segment = turned[start : start + 2 + int.from_bytes(turned[start + 2 : start + 4], "big")]
    scan = whole.index(b"\xff\xda")
    frame = whole[whole.index(b"\xff\xc0") :][:19]
    others = [encode("JPEG", "L"), encode("JPEG", "CMYK"), encode("PNG"), turned, whole[:-2], whole[:12], b""]
    others += [whole[:scan] + more + whole[scan:] for more in (segment, frame, b"\xff\x01")]  # between frame and scan
    others.append(whole[:2] + b"\xff\xe0\x00\x07JFIF\0" + whole[20:])
    assert not any(images._is_plain_jpeg(data, 60 * 90) for data in others)
    assert "EXIF orientation 6" in decode(whole[:scan] + segment + whole[scan:]).note
    assert decode(whole, max_pixels=60 * 90 - 1).note.startswith("decompression bomb")


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "L"), ("PNG", "L"), ("PNG", "1"), ("TIFF", "L")])
def test_grayscale_gets_three_equal_channels_and_a_note(kind, mode):
    result = decode(encode(kind, mode))
    assert "grayscale" in result.note and result.pixels.shape == (60, 90, 3)
    assert (result.pixels == result.pixels[..., :1]).all()


def test_a_palette_is_resolved():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([200, 30, 90, 7, 8, 9])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert decode(buffer.getvalue()).pixels.tolist() == [[[200, 30, 90], [7, 8, 9]]]


def test_cmyk_jpeg_looks_like_the_rgb_picture():
    result = decode(encode("JPEG", "CMYK", quality=95))
    assert result.status == "ok" and "CMYK" in result.note
    assert np.abs(result.pixels.astype(int) - WIDE).mean() < 6


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_alpha_is_laid_on_white(alpha):
    pixels = np.dstack([np.full((4, 4, 3), (100, 0, 200), np.uint8), np.full((4, 4), 255, np.uint8)])
    pixels[2:, :, 3] = alpha
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    result = decode(buffer.getvalue())
    expected = np.array([100, 0, 200]) * alpha / 255 + 255 * (1 - alpha / 255)
    assert "alpha" in result.note
    np.testing.assert_array_equal(result.pixels[0, 0], [100, 0, 200])
    np.testing.assert_allclose(result.pixels[3, 3], expected, atol=1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_is_scaled_over_its_full_range(suffix):
    values = np.array([[0, 128, 257, 65535]], np.uint16)
    result = decode(encode_16_bit(np.repeat(values[..., None], 3, axis=2), suffix))
    assert "16 bit" in result.note
    assert result.pixels[0, :, 0].tolist() == [0, 0, 1, 255]


def test_16_bit_grayscale_that_uses_12_bits_is_called_dark():
    result = decode(encode_16_bit(np.full((4, 4), 4095, np.uint16), ".png"))
    assert "only 12 of its 16 bits" in result.note and result.pixels.max() == 16


def test_32_bit_float_has_no_range_and_is_refused():
    buffer = io.BytesIO()
    Image.fromarray(np.ones((4, 4), np.float32)).save(buffer, "TIFF")
    result = decode(buffer.getvalue())
    assert result.status == "unreadable" and "32 bits" in result.note and result.pixels is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_exif_rotation_is_applied(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to see it upright
    result = decode(encode(kind, exif=exif))
    assert result.pixels.shape == (90, 60, 3) and "EXIF orientation 6" in result.note
    assert np.abs(result.pixels.astype(int) - np.rot90(WIDE, -1)).mean() < 12


def test_exif_rotation_is_applied_where_pillow_decodes():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encode("PNG", "RGBA", exif=exif)).pixels.shape == (90, 60, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF"])
def test_a_file_cut_in_the_middle_keeps_what_it_has(kind):
    whole = encode(kind, "P" if kind == "GIF" else "RGB")
    result = decode(whole[: int(len(whole) * 0.6)])
    assert result.status == "truncated" and "cut off" in result.note
    assert result.pixels.shape == (60, 90, 3)
    if kind == "PNG":
        np.testing.assert_array_equal(result.pixels[:15], WIDE[:15])


def test_a_file_cut_before_its_first_pixel_is_unreadable():
    whole = encode("JPEG")
    result = decode(whole[: whole.index(b"\xff\xda") + 4])
    assert result.status == "unreadable" and result.pixels is None and result.note


def test_bytes_after_the_end_marker_do_no_harm():
    result = decode(encode("JPEG") + b"appended by a camera")
    assert result.status == "ok" and "end marker" in result.note


def test_a_missing_end_marker_is_a_truncation_that_costs_little():
    whole = encode("JPEG")
    assert whole.endswith(b"\xff\xd9")
    result = decode(whole[:-2])
    assert result.status == "truncated"
    np.testing.assert_array_equal(result.pixels[:40], decode(whole).pixels[:40])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero bytes"),
        (b"this is a text, not a picture", "no image format"),
        (b"\xff\xd8\xff\xe0", ""),
        (b"BM" + bytes(10), ""),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image format"),  # would start another program
    ],
)
def test_what_no_decoder_opens_is_unreadable_with_a_reason(data, reason):
    result = decode(data)
    assert result.status == "unreadable" and result.pixels is None
    assert result.note and reason in result.note


@pytest.mark.parametrize("side", [20_000, 2_000_000])
def test_an_absurd_size_is_refused_before_decoding(side):
    result = decode(png_header(side, side))
    assert result.status == "unreadable" and result.note.startswith("decompression bomb")


def test_the_size_limit_is_a_parameter():
    assert decode(encode("PNG"), max_pixels=60 * 90).status == "ok"
    assert decode(encode("PNG"), max_pixels=60 * 90 - 1).status == "unreadable"


def test_the_first_of_several_pages_counts_and_the_note_says_so():
    buffer = io.BytesIO()
    Image.fromarray(WIDE).save(buffer, "TIFF", save_all=True, append_images=[Image.fromarray(255 - WIDE)])
    result = decode(buffer.getvalue())
    assert "first of several frames" in result.note
    np.testing.assert_array_equal(result.pixels, WIDE)


def test_the_pages_of_a_tiff_are_not_counted():
    tags = [(256, 3), (257, 3), (258, 8), (259, 1), (262, 1), (273, 8), (278, 3), (279, 9)]
    size, many = 2 + 12 * len(tags) + 4, 50_000
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    pages = b"".join(body + struct.pack("<I", 8 + n * size if n < many else 0) for n in range(1, many + 1))
    began = time.perf_counter()
    result = decode(b"II*\0" + struct.pack("<I", 8) + pages)
    assert time.perf_counter() - began < 2  # to count them takes a minute
    assert (result.status, result.note) == ("ok", "grayscale; first of several frames")


@pytest.mark.parametrize("mode", ["I;16", "RGBA"])
def test_decoding_takes_no_more_than_is_said(mode):
    large = cv2.resize(WIDE, (3_400, 3_000))  # so large that arrays given back leave the process at once
    data = (
        encode_16_bit(large.astype(np.uint16) * 257, ".png")
        if mode == "I;16"
        else encode("PNG", mode, large, compress_level=1)
    )
    with peak_rss() as grown:
        assert decode(data).status == "ok"
    assert max(grown, default=0) < (PEAK_BYTES + 3) * large.shape[0] * large.shape[1]  # 3: what a band takes, and noise


def test_bands_change_no_pixel(monkeypatch):
    many = [encode("PNG", "RGBA"), encode("PNG", "LA"), encode("GIF", "P"), encode("JPEG", "CMYK")]
    many.append(encode_16_bit(WIDE.astype(np.uint16) * 211, ".tif"))
    whole = [decode(data).pixels for data in many]
    monkeypatch.setattr("hemapipe.images._BAND_PIXELS", 200)
    for data, pixels in zip(many, whole, strict=True):
        np.testing.assert_array_equal(decode(data).pixels, pixels)
    np.testing.assert_array_equal(whole[-1], ((WIDE[..., ::-1].astype(np.uint32) * 211 + 128) // 257))


def test_signatures_of_images_and_of_other_files():
    assert all(looks_like_image(encode(kind)[:16]) for kind in ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF"])
    assert not any(looks_like_image(head) for head in [b"", b"path,label,patient\n"[:16], b"PK\x03\x04"])


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["JPEG", "PNG", "BMP", "TIFF", "WEBP"]), data=st.data())
def test_damaged_bytes_never_raise(kind, data):
    content = bytearray(encode(kind))
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    result = decode(bytes(content[: data.draw(st.integers(0, len(content)))]), max_pixels=1_000_000)
    assert (result.pixels is None) == (result.status == "unreadable")
    assert result.status == "ok" or result.note
