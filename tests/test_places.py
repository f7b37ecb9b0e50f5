"""Where images lie in a zip: read there, they are what `zipfile` reads; damage and strange archives are told."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemapipe import places
from hemapipe.core.errors import HemapipeError

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def listed(names, status="ok", note=""):
    return pd.DataFrame({"path": names, "status": status, "note": note})


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\:"), min_size=1, max_size=12).map(
            lambda text: text + ".png"
        ),
        st.tuples(st.binary(max_size=300), st.sampled_from(METHODS)),
        min_size=1,
        max_size=6,
    ),
    st.binary(max_size=20),
)
def test_what_is_read_is_what_zipfile_reads(tmp_path_factory, content, prefix):
    raw = tmp_path_factory.mktemp("places") / "raw.zip"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, (data, method) in content.items():
            archive.writestr(name, data, method)
    raw.write_bytes(prefix + packed.getvalue())  # zips may have something in front of them
    found = places.find(raw, listed(list(content)))
    with raw.open("rb") as handle:
        assert [places.read(handle, place)[1] for place in found] == [data for data, _ in content.values()]


def test_places_are_of_decodable_rows_in_their_order_and_survive_the_disk(tmp_path):
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        for name in "abcd":
            archive.writestr(name, name)
    rows = pd.DataFrame(
        {"path": ["d", "b", "a", "c"], "status": ["ok", "unreadable", "truncated", "ok"], "note": ["", "", "", "CMYK"]}
    )
    np.save(tmp_path / "places.npy", places.find(tmp_path / "raw.zip", rows))
    found = places.load(tmp_path / "places.npy")
    with (tmp_path / "raw.zip").open("rb") as handle:
        assert [places.read(handle, place) for place in found] == [("d", b"d"), ("a", b"a"), ("c", b"c")]
    assert found["plain"].tolist() == [True, False, False]
    with pytest.raises(HemapipeError, match=r"no such entry.*'e'"):
        places.find(tmp_path / "raw.zip", listed(["a", "e"]))
    with pytest.raises(HemapipeError, match=r"places.npy not found: .*catalog"):
        places.load(tmp_path / "gone" / "places.npy")


@pytest.mark.parametrize("method", METHODS)
def test_damage_and_a_different_archive_are_told(tmp_path, method):
    raw, body = tmp_path / "raw.zip", bytes(range(200))
    with zipfile.ZipFile(raw, "w", method) as archive:
        archive.writestr("a.png", body)
    (place,) = places.find(raw, listed(["a.png"]))
    whole = raw.read_bytes()
    start, end = 30 + len("a.png"), 30 + len("a.png") + int(place["packed_bytes"])
    told = 0
    for at in range(start, end):
        raw.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            with raw.open("rb") as handle:
                assert places.read(handle, place)[1] == body  # a byte that says nothing of the content
        except HemapipeError as error:
            assert "'a.png' is damaged" in str(error)
            told += 1
    assert told >= 0.9 * (end - start)
    raw.write_bytes(whole[: start + 20])
    with raw.open("rb") as handle, pytest.raises(HemapipeError, match=r"'a.png' is damaged"):
        places.read(handle, place)
    for other in (b"", b"nothing of a zip at all, but long enough"):
        raw.write_bytes(other)
        with raw.open("rb") as handle, pytest.raises(HemapipeError, match="not the one that was listed"):
            places.read(handle, place)
