"""Near repeats and sessions of the real archives, where they are."""

import numpy as np
import pytest

from hemapipe import places, sources
from hemapipe.catalog import manifest as catalog
from hemapipe.preprocess.pack import pack
from hemapipe.preprocess.params import PreprocessParams
from hemapipe.ties import near, sessions, summary
from hemapipe.ties.params import TiesParams


def prepared(shared_data, tmp_path, source, archive):
    """Return the decodable rows and their packed images; the embedding is coarse thumbnails, for speed."""
    module = sources.load(source)
    settings, raw = module.Params(archive=archive), tmp_path / "raw.zip"
    module.fetch(settings, 0, 1, shared_data, raw)
    table, _ = catalog.build(raw, module, settings, catalog.Params(strict=False), 2)
    rows = table[table["status"] != "unreadable"].reset_index(drop=True)
    params = PreprocessParams(px=[128], neutral=[], shape="stretch", contrast="none", stain="none")
    pack(raw, places.find(raw, rows), tmp_path / "128.npy", 128, params, 2)
    packed = np.load(tmp_path / "128.npy", mmap_mode="r")
    return rows, packed, packed[:, ::16, ::16].reshape(len(rows), -1).astype(np.float32)


@pytest.mark.slow
def test_cnmc_has_the_same_cells_under_two_subjects(shared_data, tmp_path):
    rows, packed, embedding = prepared(shared_data, tmp_path, "cnmc", "cnmc_subset.zip")
    pairs = near.find(packed, embedding, rows["sha256"].to_list(), TiesParams(), 2)
    names = rows["path"].str.rsplit("/", n=1).str[1].to_numpy()
    found = {frozenset(pair) for pair in zip(names[pairs["index_a"]], names[pairs["index_b"]], strict=True)}
    assert frozenset({"UID_H6_1_1_hem.bmp", "UID_H2_1_1_hem.bmp"}) in found
    assert frozenset({"UID_H10_1_1_hem.bmp", "UID_h3_1_1_hem.bmp"}) in found
    assert 25 <= len(found) <= 40


@pytest.mark.slow
def test_taleqani_has_fields_twice_and_tens_of_sessions(shared_data, tmp_path):
    rows, packed, embedding = prepared(shared_data, tmp_path, "taleqani", "taleqani.zip")
    pairs = near.find(packed, embedding, rows["sha256"].to_list(), TiesParams(), 2)
    names = sessions.find(rows, packed, TiesParams(), 2)
    counts = summary.metrics(rows, pairs, summary.ties(rows, np.full(len(rows), ""), names))
    assert counts["n_near_repeats"] >= 190 and counts["n_across_labels"] == 0
    assert counts["n_images_with_session"] == len(rows) and 30 <= counts["n_sessions"] <= 89
