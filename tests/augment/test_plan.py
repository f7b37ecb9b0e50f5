"""Counts and independence of the planned variants."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from tiny_project import ROOT, set_params

from hemapipe.augment.before_split import plan_before_split
from hemapipe.augment.draw import NEUTRAL, draw
from hemapipe.augment.params import AugmentParams
from hemapipe.augment.plan import plan, summarise
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.core.tables import AUGMENT, MANIFEST, OPS, TIES, read_table, write_table

OFF = {"to": "off", "flip": True, "turns": True, "angle_deg": 0, "zoom": [1, 1], "crop": 1}
DEFAULT = {**OFF, "to": "largest", "before_split": False, "features": False}


def params(**changes) -> AugmentParams:
    return check(AugmentParams, {**DEFAULT, **changes}, "augment")


LABELS = pd.Series({f"i{n:02}": "abbcccc"[n % 7] for n in range(42)})


def splits_of(n_folds=3) -> pd.DataFrame:
    rows = []
    for fold in range(n_folds):
        for n, image in enumerate(LABELS.index):
            role = "test" if n // 7 % n_folds == fold else "val" if n // 7 == (fold + 1) % 6 else "train"
            rows.append({"image_id": image, "fold": fold, "role": "embargo" if n == 40 else role})
    return pd.DataFrame(rows).assign(inner=-1)


@pytest.mark.parametrize("to, expected", [("off", None), ("largest", "largest"), (20, 20), (100, 100)])
def test_counts_are_exact_and_even(to, expected):
    table = plan(splits_of(), LABELS, params(to=to), 1)
    classes = table["image_id"].map(LABELS)
    for fold, rows in table[table["role"] == "train"].groupby("fold"):
        originals = classes[rows.index][rows["variant"] == 0].value_counts()
        after = classes[rows.index].value_counts()
        wanted = originals if expected is None else originals * 0 + (originals.max() if to == "largest" else to)
        assert after.to_dict() == wanted.to_dict(), fold
        per_image = rows.groupby("image_id").size()
        assert (per_image.groupby(LABELS).agg(lambda sizes: sizes.max() - sizes.min()) <= 1).all()
    assert not table.duplicated(["fold", "sample_id"]).any()
    others = table[table["role"] != "train"]
    assert (others["variant"] == 0).all() and "embargo" in set(others["role"])
    assert (table[table["variant"] == 0].groupby("fold").size() == len(LABELS)).all()


def test_a_variant_is_the_same_in_every_fold_and_in_any_company():
    drawn = {"angle_deg": 20, "zoom": [0.8, 1.2], "crop": 0.8, "to": 30}
    whole = plan(splits_of(), LABELS, params(**drawn), 1)
    assert (whole.groupby("sample_id")[OPS].nunique() == 1).all().all()
    alone = plan(splits_of()[lambda table: table["fold"] == 2], LABELS, params(**drawn), 1)
    common = whole[whole["fold"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, common)
    other_seed = plan(splits_of(), LABELS, params(**drawn), 2)
    assert not whole[OPS].equals(other_seed[OPS])


def test_input_order_is_irrelevant_and_the_file_holds_the_plan(tmp_path):
    drawn = params(angle_deg=15, crop=0.7)
    table = plan(splits_of(), LABELS, drawn, 1)
    again = plan(splits_of().sample(frac=1, random_state=0), LABELS.sample(frac=1, random_state=1), drawn, 1)
    pd.testing.assert_frame_equal(table, again)
    write_table(table, tmp_path / "augment.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "augment.csv", AUGMENT), table, check_dtype=False)


def test_too_many_originals_are_refused_by_name_and_count():
    with pytest.raises(HemapipeError, match="'c' already has 11 images"):
        plan(splits_of(), LABELS, params(to=9), 1)


@pytest.mark.parametrize("flip, turns, n_distinct", [(True, True, 7), (False, True, 3), (True, False, 1)])
def test_flips_and_turns_are_distinct_and_never_the_identity(flip, turns, n_distinct):
    for image in ("x", "y", "z"):
        dealt = [draw(image, k, params(flip=flip, turns=turns), 1) for k in range(1, 8)]
        pairs = [(ops["flip"], ops["turns"]) for ops in dealt]
        assert (0, 0) not in pairs and len(set(pairs[:n_distinct])) == n_distinct


def test_without_any_op_variants_are_copies():
    assert draw("x", 3, params(flip=False, turns=False), 1) == NEUTRAL == draw("x", 0, params(angle_deg=90), 1)


def test_drawn_values_lie_in_their_ranges():
    wide = params(angle_deg=20, zoom=[0.8, 1.2], crop=0.75)
    ops = pd.DataFrame([draw(f"i{n}", 1, wide, 1) for n in range(300)])
    low, high = ops.min(), ops.max()
    assert -20 <= low["angle"] < -18 and 18 < high["angle"] <= 20
    assert 0.8 <= low["zoom"] < 0.82 and 1.18 < high["zoom"] <= 1.2
    assert 0.75 <= low["crop"] < 0.77 and high["crop"] <= 1 and low["crop_x"] >= 0 and high["crop_y"] <= 1


def test_yaml_off_arrives_as_false():
    assert params(to=False).to == "off"


@pytest.mark.parametrize("changes", [{"to": True}, {"to": 0}, {"to": "most"}, {"zoom": [1.2, 0.8]}, {"crop": 0}])
def test_senseless_values_are_refused(changes):
    with pytest.raises(HemapipeError, match="augment"):
        params(**changes)


@pytest.mark.parametrize("n_folds", [1, 4])
def test_before_split_leaks_siblings_and_counts_them(n_folds):
    table = plan_before_split(splits_of(1), LABELS, params(to=40), 1, n_folds, 0.25, 0.2)
    classes = table["image_id"].map(LABELS)
    assert (pd.crosstab(table["fold"], classes) == 40).all().all()
    tested = table[table["role"] == "test"]
    assert (pd.crosstab(tested["fold"], classes[tested.index]) == 10).all().all()
    assert n_folds == 1 or set(tested["sample_id"]) == set(table["sample_id"])
    seen = table[table["role"] != "test"][["fold", "image_id"]].drop_duplicates()
    assert summarise(table, LABELS)["leak_siblings"] == len(tested.merge(seen)) > 0


def test_an_ordinary_plan_leaks_nothing():
    counts = summarise(plan(splits_of(), LABELS, params(), 1), LABELS)
    assert counts["leak_siblings"] == 0
    assert counts["after_a"] == counts["after_c"] == counts["before_c"] > counts["before_a"]


def test_the_stage_warns_of_the_leak(tmp_path):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    set_params(tmp_path, {"augment.before_split": True, "augment.features": True, "split.n_folds": 1})
    manifest = pd.DataFrame(dict.fromkeys(MANIFEST, ""), index=range(len(LABELS)))
    manifest = manifest.assign(image_id=LABELS.index, label=LABELS.to_numpy(), width=1, height=1, conflict=False)
    write_table(manifest, tmp_path / "data/manifest.csv")
    write_table(splits_of(1), tmp_path / "data/splits.csv")
    write_table(manifest.assign(group="one")[["image_id", "group"]], tmp_path / "data/groups.csv")
    write_table(manifest.assign(near_repeat="", session="")[TIES], tmp_path / "data/ties.csv")
    command = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from stages.augment import main; main()"
    done = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "WARNING" in done.stderr and "sibling" in done.stderr
    metrics = json.loads((tmp_path / "metrics/augment.json").read_text())
    n_test = int((read_table(tmp_path / "data/augment.csv", AUGMENT)["role"] == "test").sum())
    assert metrics["leak_siblings"] > 0 and metrics["leak_patients"] == 0  # the manifest names no patients
    assert metrics["leak_groups"] == n_test  # all images are one group here
