import csv
import io

import pandas as pd
import pytest

from hemapipe.audit import hashes
from hemapipe.core.errors import HemapipeError
from hemapipe.sources import cnmc


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The hash list that ships with the source, as a CSV file."""
    rows, out = cnmc._published(), io.StringIO()
    writer = csv.DictWriter(out, ["sha256", "path"])
    writer.writeheader()
    writer.writerows({"sha256": row["sha256"], "path": row["path"]} for row in rows)
    path = tmp_path_factory.mktemp("hashes") / "cnmc.csv"
    path.write_text(out.getvalue())
    return path


def test_the_published_c_nmc_hashes_tell_which_subjects_share_images(published):
    found = hashes.audit_hashes(hashes.read_hashes(published))
    shared = {(pair["subject"], pair["other"]): pair["n_shared"] for pair in found["subjects"]}
    assert found["files"] == 15114 and len(found["repeats"]) == 106
    assert shared[("20", "21")] == 71 and shared[("51", "75")] + shared[("51", "78")] == 21
    assert ("H3", "H10") in shared and {other for one, other in shared if one == "H2"} == {"H4", "H5", "H6"}
    assert "20+21" in found["persons"] and "51+75+78" in found["persons"]
    text = hashes.render(found)
    assert "106 pairs of identical files" in text and "20 and 21 share 71 files" in text


def test_hashes_without_repeats_or_subjects():
    found = hashes.audit_hashes(pd.DataFrame({"sha256": ["a" * 64, "b" * 64], "path": ["1.png", "2.png"]}))
    assert found == {"files": 2, "repeats": [], "subjects": [], "persons": []}
    assert hashes.render(found) == "2 files; 0 pairs of identical files\n"
    twins = hashes.audit_hashes(pd.DataFrame({"sha256": ["a" * 64] * 2, "path": ["1.png", "2.png"]}))
    assert hashes.render(twins).startswith("2 files; 1 pair of identical files")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not found"),
        ("", "no CSV"),
        ("digest,path\n1,2\n", "needs the columns sha256 and path; it has digest, path"),
        (f"sha256,path\n{'a' * 64},x\nxyz,y\n", "1 value is no SHA-256, the first in line 3"),
    ],
)
def test_bad_lists(tmp_path, text, message):
    path = tmp_path / "list.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HemapipeError, match=message):
        hashes.read_hashes(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sha256,path\n", "lists no file"),
        (f"sha256,path\n{'a' * 64},x\n{'a' * 64},x\n", r"lists 1 path twice: x"),
        ('sha256,path\n"aaa,x\n', "no CSV in UTF-8"),
    ],
)
def test_lists_that_say_nothing_or_twice_the_same(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(HemapipeError, match=message):
        hashes.read_hashes(tmp_path / "list.csv")
