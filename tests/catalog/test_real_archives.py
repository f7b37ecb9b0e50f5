"""The real archives, where they are: published counts, subjects and folds, and the faults known to be in them."""

import pytest

from hemapipe import sources
from hemapipe.catalog import manifest as catalog


def build(shared_data, tmp_path, source, **params):
    module = sources.load(source)
    settings = module.Params(**params)
    module.fetch(settings, 0, 1, shared_data, tmp_path / "raw.zip")
    return catalog.build(tmp_path / "raw.zip", module, settings, catalog.Params(strict=False), 2)


@pytest.mark.slow
def test_taleqani(shared_data, tmp_path):
    table, metrics = build(shared_data, tmp_path, "taleqani", archive="taleqani.zip")
    counts = [metrics[f"n_{label}"] for label in ("benign", "early", "pre", "pro")]
    assert counts == [504, 985, 963, 804] and metrics["count_mismatches"] == 0
    assert metrics["n_ok"] == 3256 and metrics["n_duplicates"] == 40 and metrics["n_conflicts"] == 0
    assert set(table.loc[table["duplicate_of"] != "", "label"]) == {"pro"}


@pytest.mark.slow
def test_cnmc_subset(shared_data, tmp_path):
    sha256 = "927a382e3d7c446c349086544c84c499e93a3553102aa72d1648dad9ce3f5f56"
    table, metrics = build(shared_data, tmp_path, "cnmc", archive="cnmc_subset.zip", sha256=sha256)
    assert len(table) == 622 and table["patient"].nunique() == 58 and not (table["patient"] == "").any()
    assert table["official"].value_counts().to_dict() == {"fold_0": 370, "fold_1": 139, "fold_2": 99, "test": 14}
    assert (metrics["n_all"], metrics["n_hem"]) == (482, 140)
    assert (metrics["n_hash_matching"], metrics["n_hash_differing"], metrics["n_hash_unknown"]) == (622, 0, 0)
    assert metrics["count_mismatches"] == 2  # a subset: both classes are smaller than published


@pytest.mark.slow
def test_deepapl_by_pattern(shared_data, tmp_path):
    pattern = "images/{patient}/{label}/{name}"
    table, metrics = build(shared_data, tmp_path, "folder", archive="deepapl.zip", pattern=pattern)
    assert len(table) == 5011 and metrics["n_patients"] == 80
    assert (metrics["n_blast"], metrics["n_lymphocyte"]) == (2672, 2339)
    assert sorted(table.loc[table["status"] == "truncated", "path"]) == [
        "images/Patient_24/blast/BL_7821735.jpg",
        "images/Patient_37/blast/BL_6611696.jpg",
        "images/Patient_52/lymphocyte/LY_8338724.jpg",
    ]
    assert set(table.loc[table["conflict"], "path"]) == {
        "images/Patient_92/blast/BL_17400054.jpg",
        "images/Patient_92/lymphocyte/BL_17400054.jpg",
    }
