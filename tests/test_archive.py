"""Archives are read without ever writing their entries to disk, and packed so that equal content gives equal bytes."""

import contextlib
import os
import random
import re
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemapipe import archive
from hemapipe.core.errors import HemapipeError


def make_zip(path, files, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../up.png", "a/../../up.png", "/etc/up.png", "C:/up.png", "c:\\up.png", "a\\..\\up.png", "\\\\host\\up.png"],
)
def test_entries_that_climb_out_are_listed_and_refused(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {name: b"x", "fine.png": b"y"})
    problems = {entry.name: entry.problem for entry in archive.entries(path)}
    assert problems.pop("fine.png") == ""
    assert [problem.startswith("refused") for problem in problems.values()] == [True]
    with archive.open_zip(path) as opened, pytest.raises(HemapipeError, match="refused"):
        archive.read(opened, next(iter(problems)))


@pytest.mark.parametrize("name", ["a.png", "a/b c/ä ü 血.png", "a..b/c...png", "..a/b.png"])
def test_ordinary_and_unicode_names_are_fine(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {name: b"x"})
    assert archive.entries(path) == [archive.Entry(name)]
    with archive.open_zip(path) as opened:
        assert archive.read(opened, name) == b"x"


def test_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = make_zip(tmp_path / "a.zip", {info: b"/etc/passwd"})
    assert "symbolic link" in archive.entries(path)[0].problem


def test_absurd_and_encrypted_entries_are_refused():
    huge, secret = zipfile.ZipInfo("a.png"), zipfile.ZipInfo("b.png")
    huge.file_size, secret.flag_bits = archive.MAX_BYTES + 1, 1
    assert "would unpack" in archive._problem(huge)
    assert "encrypted" in archive._problem(secret)


def test_a_damaged_entry_says_so(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.png": b"x" * 500}, zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    content[14] ^= 0xFF  # the checksum in the local header is not read; the one in the directory is
    where = content.index(b"PK\x01\x02") + 16
    content[where : where + 4] = struct.pack("<I", 1)
    path.write_bytes(content)
    with archive.open_zip(path) as opened, pytest.raises(HemapipeError, match="damaged in the archive"):
        archive.read(opened, "a.png")


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_content_and_its_head(tmp_path, method):
    files = {str(n): random.Random(n).randbytes(n) * 3 for n in (0, 5, 6, 2_000, 90_000)}
    with archive.open_zip(make_zip(tmp_path / "a.zip", files, method)) as opened:
        assert {name: archive.read(opened, name) for name in files} == files
        assert [archive.read_head(opened, name) for name in files] == [data[:16] for data in files.values()]


@pytest.mark.parametrize("method", METHODS[1:])
def test_an_entry_that_lies_about_its_size_is_never_unpacked(tmp_path, method):
    path = make_zip(tmp_path / "a.zip", {"a.png": bytes(120 << 20)}, method)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\1\2") + 24, 5_000)
    path.write_bytes(content)
    with archive.open_zip(path) as opened, peak_rss() as grown:
        assert archive.read_head(opened, "a.png") == bytes(16)
        with pytest.raises(HemapipeError, match="unpacks to more than the 5000 bytes"):
            archive.read(opened, "a.png")
    assert max(grown, default=0) < 30e6


def test_a_damaged_entry_of_another_method_says_so(tmp_path):
    for method in METHODS[2:]:
        path = make_zip(tmp_path / "a.zip", {"a.png": b"abc" * 500}, method)
        content = bytearray(path.read_bytes())
        content[content.rindex(b"PK\1\2") + 16] ^= 0xFF
        path.write_bytes(content)
        with archive.open_zip(path) as opened, pytest.raises(HemapipeError, match="damaged in the archive: Bad CRC"):
            archive.read(opened, "a.png")


@contextlib.contextmanager
def peak_rss():
    """Yield a list that holds, after the block, by how many bytes the process had grown at most (Linux alone)."""
    status, grown = Path("/proc/self/status"), []

    def peak():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024

    if status.exists():
        Path("/proc/self/clear_refs").write_text("5")
        before = peak()
    yield grown
    if status.exists():
        grown.append(peak() - before)


def test_the_last_of_two_entries_with_one_name_counts(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("a.png", b"old")
        opened.writestr("a.png", b"new")
    assert len(archive.entries(path)) == 1
    with archive.open_zip(path) as opened:
        assert archive.read(opened, "a.png") == b"new"


@pytest.mark.parametrize("content", [b"", b"Rar!\x1a\x07\x00 not a zip"])
def test_what_is_no_zip_is_a_clear_error(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(HemapipeError, match="no zip archive"):
        archive.check_zip(tmp_path / "a.zip")


def test_a_cut_off_zip_is_a_clear_error(tmp_path):
    path = make_zip(tmp_path / "a.zip", {f"{i}.png": bytes(100) for i in range(9)})
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(HemapipeError, match="incomplete"):
        archive.check_zip(path)


def test_equal_folders_give_equal_bytes_whatever_the_times_and_order(tmp_path):
    hashes = set()
    for turn, names in enumerate([["b/2.png", "a/1.png"], ["a/1.png", "b/2.png"]]):
        folder = tmp_path / str(turn)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(name.encode())
            os.utime(folder / name, (turn * 1000, turn * 1000))
        (folder / "empty").mkdir()
        archive.pack_folder(folder, tmp_path / f"{turn}.zip")
        hashes.add(archive.sha256_of(tmp_path / f"{turn}.zip"))
    assert len(hashes) == 1
    assert zipfile.ZipFile(tmp_path / "0.zip").namelist() == ["a/1.png", "b/2.png", "empty/"]


def test_a_link_inside_the_folder_is_followed(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "real.png").write_bytes(b"x")
    (folder / "link.png").symlink_to(folder / "real.png")
    archive.pack_folder(folder, tmp_path / "a.zip")
    with archive.open_zip(tmp_path / "a.zip") as opened:
        assert archive.read(opened, "link.png") == b"x"


@pytest.mark.parametrize("target", ["secret.png", ".", "nowhere.png"])
def test_links_that_leave_the_folder_loop_or_dangle_are_refused(tmp_path, target):
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / target)
    with pytest.raises(HemapipeError, match=r"1 links .*link\.png"):
        archive.pack_folder(folder, tmp_path / "a.zip")


def test_a_name_that_is_not_unicode_is_a_clear_error(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    with pytest.raises(HemapipeError, match="not Unicode"):
        archive.pack_folder(folder, tmp_path / "a.zip")


@given(parts=st.lists(st.sampled_from(["a", "b.c", "..x", "..."]), min_size=1, max_size=4))
def test_relative_paths_without_steps_up_are_safe(parts):
    assert archive.unsafe_path("/".join(parts)) == ""
    assert archive.unsafe_path("/".join([*parts, "..", "x"])) != ""
