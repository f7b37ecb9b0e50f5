"""The recommended model: from validation rows alone."""

import numpy as np
import pytest
from evaluation_examples import CLASSES, manifest_and_groups, predictions
from sklearn.metrics import balanced_accuracy_score

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.choose import NO_VALIDATION, choose

MANIFEST, GROUPS = manifest_and_groups()
TABLES = {name: predictions(MANIFEST, GROUPS, seed=seed, skill=1.5) for seed, name in enumerate(("c", "a", "b"))}


def test_scores_are_scikit_learns_averaged_over_folds():
    found = choose(TABLES, MANIFEST)
    labels = MANIFEST.set_index("image_id")["label"]
    for name, table in TABLES.items():
        folds = []
        for _, rows in table[table["role"] == "val"].groupby("fold"):
            called = np.array(CLASSES)[rows[[f"p_{c}" for c in CLASSES]].to_numpy().argmax(axis=1)]
            folds.append(balanced_accuracy_score(rows["image_id"].map(labels), called))
        assert found[name] == pytest.approx(np.mean(folds), rel=1e-5)
    assert found["recommended"] == max(TABLES, key=lambda name: found[name])
    assert set(found) == {"recommended", "metric", *TABLES}


def test_test_labels_and_test_predictions_change_nothing():
    """Images are split so that those ever tested and those validated on differ; the former get any label at all."""
    tables = {}
    for name, table in TABLES.items():
        first = table[table["fold"] == 0].copy()
        first["role"] = np.where(first["image_id"].str[1:].astype(int) % 2, "val", "test")
        tables[name] = first
    before = choose(tables, MANIFEST)
    tested = MANIFEST["image_id"].str[1:].astype(int) % 2 == 0
    manifest = MANIFEST.copy()
    manifest.loc[tested, "label"] = np.random.default_rng(1).permutation(manifest.loc[tested, "label"])
    for table in tables.values():
        rows = table["role"] == "test"
        table.loc[rows, [f"p_{c}" for c in CLASSES]] = np.random.default_rng(2).dirichlet([1, 1, 1], rows.sum())
    assert (manifest["label"] != MANIFEST["label"]).any()
    assert choose(tables, manifest) == before
    manifest.loc[~tested, "label"] = manifest.loc[~tested, "label"].replace(CLASSES, [*CLASSES[1:], CLASSES[0]])
    assert choose(tables, manifest) != before


def test_ties_go_to_the_first_name():
    assert choose({"z": TABLES["a"], "y": TABLES["a"]}, MANIFEST)["recommended"] == "y"


def without_validation(table):
    return table.assign(role=table["role"].replace("val", "train"))


def test_without_validation_rows_none_is_recommended():
    tables = {name: without_validation(table) for name, table in TABLES.items()}
    assert choose(tables, MANIFEST) == {"recommended": "", "metric": "balanced_accuracy", "note": NO_VALIDATION}


def test_what_cannot_be_compared_is_an_error():
    with pytest.raises(HemapipeError, match="b: no validation rows, which the other models have"):
        choose({**TABLES, "b": without_validation(TABLES["b"])}, MANIFEST)
    with pytest.raises(HemapipeError, match="cannot be called 'metric'"):
        choose({"metric": TABLES["a"]}, MANIFEST)
    with pytest.raises(HemapipeError, match="lack the classes pro"):
        choose({"a": TABLES["a"].drop(columns="p_pro")}, MANIFEST)
    known = MANIFEST[MANIFEST["image_id"] != TABLES["a"].query("role == 'val'")["image_id"].iloc[0]]
    with pytest.raises(HemapipeError, match="no label for image i"):
        choose(TABLES, known)
