"""C-NMC: both layouts, subjects without case, official folds, the preliminary test's table, the known hashes."""

import hashlib
import io
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemapipe.core.errors import HemapipeError
from hemapipe.sources import cnmc

PARAMS = cnmc.Params(archive="x.zip")
TABLE = """Patient_ID,new_names,labels
UID_57_29_1_all.bmp,1.bmp,1
UID_H49_35_1_hem.bmp,2.bmp,0
UID_9_1_1_all.bmp,4.bmp,0
"""
KAGGLE = "C-NMC_Leukemia/training_data", "C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data"
TCIA = "C-NMC_training_data", "C-NMC_test_prelim_phase_data/C-NMC_test_prelim_phase_data"


def archive_with(files: dict[str, str]) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return zipfile.ZipFile(buffer)


def describe(names: list[str], files: dict[str, str] | None = None) -> pd.DataFrame:
    return cnmc.describe(names, archive_with(files or {}), PARAMS).set_index("path")


@pytest.mark.parametrize(("train", "prelim"), [KAGGLE, TCIA])
def test_both_layouts_in_circulation(train, prelim):
    names = [f"{train}/fold_0/all/UID_11_10_1_all.bmp", f"{train}/fold_2/hem/UID_H10_1_2_hem.bmp", f"{prelim}/1.bmp"]
    rows = describe(names, {f"{prelim}_labels.csv": TABLE})
    assert rows["label"].tolist() == ["all", "hem", "all"]
    assert rows["patient"].tolist() == ["11", "H10", "57"]
    assert rows["official"].tolist() == ["fold_0", "fold_2", "test"]
    assert set(rows["note"]) == {""}


def test_subjects_compare_without_case_and_all_3_is_not_h3():
    names = [f"fold_0/hem/UID_{subject}_1_1_hem.bmp" for subject in ("h3", "H3")] + ["fold_0/all/UID_3_1_1_all.bmp"]
    assert describe(names)["patient"].tolist() == ["H3", "H3", "3"]


def test_subjects_who_share_files_in_the_published_archive_are_one_person():
    names = ["fold_0/all/UID_20_1_1_all.bmp", "fold_2/all/UID_21_1_1_all.bmp", "fold_2/hem/UID_h2_1_1_hem.bmp"]
    rows = describe([*names, "fold_1/all/UID_2_1_1_all.bmp", "fold_1/hem/UID_H10_1_1_hem.bmp", "elsewhere/1.bmp"])
    assert rows["person"].tolist() == ["20+21", "20+21", "H2+H4+H5+H6", "", "H3+H10", ""]


def test_the_published_hashes_tell_which_subjects_share_how_many_files():
    published = pd.DataFrame(cnmc._published())
    shared = cnmc.shared_subjects(published)
    assert shared[["subject", "other", "n_shared"]].to_numpy().tolist() == [
        ["20", "21", 71], ["51", "75", 10], ["51", "78", 11],
        ["H2", "H4", 3], ["H2", "H5", 2], ["H2", "H6", 1], ["H3", "H10", 1],
    ]  # fmt: skip
    assert shared["n_shared"].sum() == 99  # of 106 pairs: 5 lie within H10, 2 in the final test, which names nobody
    digest = published.set_index("path")["sha256"]
    assert (digest[shared["path"]].to_numpy() == digest[shared["other_path"]].to_numpy()).all()
    shuffled = published.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(cnmc.shared_subjects(shuffled), shared)


def test_chains_of_subjects_have_one_name_and_copies_within_a_subject_say_nothing():
    names = ["UID_7_1_1_all", "UID_7_1_2_all", "UID_12_1_1_all", "UID_12_2_1_all", "UID_3_9_1_all", "UID_H3_1_1_hem"]
    hashes = pd.DataFrame({"sha256": list("aaabbc"), "path": [f"{name}.bmp" for name in names]})
    shared = cnmc.shared_subjects(hashes)
    assert shared[["subject", "other", "person"]].to_numpy().tolist() == [["3", "12", "3+7+12"], ["7", "12", "3+7+12"]]
    assert shared["n_shared"].tolist() == [1, 1]
    assert cnmc.shared_subjects(hashes[3:4]).empty


def test_the_preliminary_test_gets_labels_and_subjects_from_its_table():
    _, prelim = KAGGLE
    rows = describe([f"{prelim}/{n}.bmp" for n in (1, 2, 3, 4)], {f"{prelim}_labels.csv": TABLE})
    assert rows["label"].tolist() == ["all", "hem", "", "hem"]
    assert rows["patient"].tolist() == ["57", "H49", "", "9"]
    assert rows["note"].tolist() == ["", "", "not in the labels table of the preliminary test", "file name says all"]


def test_without_its_table_the_preliminary_test_has_no_labels():
    row = describe([f"{KAGGLE[1]}/1.bmp"]).iloc[0]
    assert (row["label"], row["patient"], row["official"]) == ("", "", "test") and row["note"]


@pytest.mark.parametrize("table", ["Patient_ID,labels\na,1\n", "Patient_ID,new_names,labels\na,1.bmp,ALL\n"])
def test_a_strange_table_is_a_clear_error(table):
    with pytest.raises(HemapipeError, match="expected the columns"):
        describe([], {f"{KAGGLE[1]}_labels.csv": table})


def test_the_final_test_is_unlabelled_and_strangers_are_noted():
    rows = describe(["C-NMC_Leukemia/testing_data/C-NMC_test_final_phase_data/1.bmp", "elsewhere/1.bmp"])
    assert rows["label"].tolist() == ["", ""] and rows["official"].tolist() == ["final", ""]
    assert rows["note"].str.len().min() > 0


def test_a_label_that_contradicts_its_file_name_is_noted():
    row = describe(["fold_1/hem/UID_5_1_1_all.bmp"]).iloc[0]
    assert row["label"] == "hem" and row["note"] == "file name says all"


def test_the_shipped_list_has_every_published_image():
    hashes = cnmc.published_hashes()
    assert len(hashes) == 15_114 == 10_661 + 1_867 + 2_586
    assert {len(value) for value in hashes.values()} == {64}
    folds = pd.Series(list(hashes)).str.split("/").str[0].value_counts().to_dict()
    assert folds == {"fold_0": 3527, "fold_1": 3581, "fold_2": 3553, "test": 1867, "final": 2586}
    assert sum(cnmc.EXPECTED.values()) == 10_661 + 1_867


def test_files_are_compared_with_the_published_ones_in_any_layout():
    name, digest = "UID_11_10_1_all.bmp", cnmc.published_hashes()["fold_0/uid_11_10_1_all.bmp"]
    paths = [f"{KAGGLE[0]}/fold_0/all/{name}", f"{TCIA[1]}/1.bmp", "mine/1.bmp"]
    counts, warnings = cnmc.verify(pd.DataFrame({"path": paths, "file_sha256": [digest, "0" * 64, digest]}))
    assert counts == {"n_hash_matching": 1, "n_hash_differing": 1, "n_hash_unknown": 1, "n_hash_absent": 15_112}
    assert warnings == ["1 files differ from the published ones: test/1.bmp"]


def test_the_parquet_copy_gets_its_published_paths_back(tmp_path):
    rows = [
        {"image": {"bytes": b"BM1"}, "original_image_name": "UID_11_10_1_all.bmp"},
        {"image": {"bytes": None}, "original_image_name": "UID_H999_1_1_hem.bmp"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train-00000.parquet")
    cnmc.pack_parquet({"train": tmp_path}, tmp_path / "raw.zip")
    with zipfile.ZipFile(tmp_path / "raw.zip") as opened:
        known, unknown = opened.namelist()
        assert hashlib.sha256(opened.read(known)).hexdigest() == hashlib.sha256(b"BM1").hexdigest()
        described = cnmc.describe([known, unknown], opened, PARAMS)
    assert known == f"{KAGGLE[0]}/fold_0/all/UID_11_10_1_all.bmp"
    assert described["patient"].tolist() == ["11", "H999"] and described["label"].tolist() == ["all", "hem"]
