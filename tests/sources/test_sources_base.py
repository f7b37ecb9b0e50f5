"""Finding, copying, checking and downloading an archive, and what is said when nothing can be had."""

import zipfile
from pathlib import Path

import pytest

from hemapipe import archive, sources
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import Section
from hemapipe.sources import base, cnmc, taleqani

PAGE = "https://example.org/images"


@pytest.fixture
def data_dir(tmp_path) -> Path:
    """A folder with `set.zip` and the unpacked folder `loose`."""
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as opened:
        opened.writestr("a/1.png", b"x")
    (tmp_path / "loose" / "a").mkdir(parents=True)
    (tmp_path / "loose" / "a" / "1.png").write_bytes(b"x")
    return tmp_path


def refuse(out: Path) -> None:
    """Stand for a hub that cannot be reached."""
    out.write_bytes(b"half")
    raise ConnectionError("name resolution failed\nmany more lines")


@pytest.mark.parametrize("name", sources.names())
def test_every_source_keeps_the_contract(name):
    source = sources.load(name)
    assert name == source.NAME and source.TITLE and source.LICENCE
    assert issubclass(source.Params, Section) and callable(source.fetch) and callable(source.describe)
    assert source.EXPECTED is None or all(count > 0 for count in source.EXPECTED.values())


def test_an_unknown_source_names_the_nearest_and_the_choices():
    with pytest.raises(HemapipeError, match=r"'taleqany'; did you mean 'taleqani'\?"):
        sources.load("taleqany")
    with pytest.raises(HemapipeError, match="no source 'base'"):
        sources.load("base")


def test_a_given_zip_is_copied_whole_and_its_hash_printed(data_dir, capsys):
    out = data_dir / "data" / "raw.zip"
    base.fetch(base.ArchiveParams(archive="set.zip"), data_dir, out)
    assert out.read_bytes() == (data_dir / "set.zip").read_bytes()
    assert archive.sha256_of(out) in capsys.readouterr().out


@pytest.mark.parametrize("name", ["loose", "loose.zip"])
def test_a_folder_is_packed_under_either_name(data_dir, name):
    base.fetch(base.ArchiveParams(archive=name), data_dir, data_dir / "raw.zip")
    assert zipfile.ZipFile(data_dir / "raw.zip").namelist() == ["a/1.png"]


def test_an_absolute_path_needs_no_data_folder(data_dir):
    base.fetch(base.ArchiveParams(archive=str(data_dir / "set.zip")), None, data_dir / "raw.zip")
    assert (data_dir / "raw.zip").exists()


def test_the_right_hash_passes_and_a_wrong_one_shows_both(data_dir, capsys):
    found = archive.sha256_of(data_dir / "set.zip")
    base.fetch(base.ArchiveParams(archive="set.zip", sha256=found), data_dir, data_dir / "raw.zip")
    assert capsys.readouterr().out == ""
    with pytest.raises(HemapipeError, match=rf"(?s)expected sha256 {'0' * 64}.*found    sha256 {found}"):
        base.fetch(base.ArchiveParams(archive="set.zip", sha256="0" * 64), data_dir, data_dir / "raw.zip")
    assert not (data_dir / "raw.zip").exists()


@pytest.mark.parametrize("folder", [None, "here"])
def test_without_archive_and_network_one_error_says_what_to_do(tmp_path, folder):
    data_dir = tmp_path if folder else None
    with pytest.raises(HemapipeError) as caught:
        base.fetch(base.ArchiveParams(archive="set.zip"), data_dir, tmp_path / "raw.zip", PAGE, refuse)
    message = str(caught.value)
    assert PAGE in message and "HEMAPIPE_DATA=<folder>" in message and "set.zip" in message
    assert "ConnectionError: name resolution failed" in message and "many more lines" not in message
    assert not (tmp_path / "raw.zip").exists()


def test_what_is_no_zip_is_refused_before_it_is_copied(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"<html>please log in</html>")
    with pytest.raises(HemapipeError, match="no zip archive"):
        base.fetch(base.ArchiveParams(archive="set.zip"), tmp_path, tmp_path / "raw.zip")


def test_kaggle_sets_are_downloaded_by_handle_and_packed(data_dir, monkeypatch):
    asked = []
    monkeypatch.setattr("kagglehub.dataset_download", lambda handle: asked.append(handle) or str(data_dir / "loose"))
    taleqani.fetch(taleqani.Params(archive="absent.zip"), 0, 1, None, data_dir / "raw.zip")
    assert asked == ["mehradaria/leukemia"]
    assert zipfile.ZipFile(data_dir / "raw.zip").namelist() == ["a/1.png"]


def test_cnmc_tries_hugging_face_after_kaggle_and_names_the_page(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr("kagglehub.dataset_download", fail)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(HemapipeError, match="andrewmvd/leukemia-classification"):
        cnmc.fetch(cnmc.Params(archive="absent.zip"), 0, 1, None, tmp_path / "raw.zip")
