"""A grid is chosen from on inner folds: the best setting, the same every time, whatever the test labels are."""

import json

import numpy as np
import pandas as pd
import pytest
from classical_toy import job, make_data
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check
from hemapipe.core.tables import AUGMENT, MANIFEST, read_table, write_table
from hemapipe.training.classical.params import ClassicalRow
from hemapipe.training.classical.runner import train
from hemapipe.training.classical.search import Choice, balanced_accuracy, choose

ROWS = pd.DataFrame({"inner": [0, 0, 1, 1, 1], "variant": [0, 0, 0, 0, 1], "target": [0, 1, 0, 1, 1]})
#: From a model that learns nothing to one that hardly shrinks its weights.
GRID = {"C": [1e-6, 0.1, 1.0]}


def test_the_best_mean_over_the_inner_folds_wins_and_of_equals_the_first():
    asked = []

    def predict(args, rows, held_out):
        asked.append((args["C"], args["k"], sorted(rows.index), list(held_out.index)))
        right = held_out["target"].to_numpy() if args["C"] > 1 else np.zeros(len(held_out), int)
        return np.eye(2)[right]

    assert choose({"k": ["x", "y"], "C": [1, 2, 3]}, ROWS, predict) == Choice({"C": 2, "k": "x"}, 1.0)
    assert len(asked) == 12
    # Variants of held-out images train nothing and are not scored.
    assert {(tuple(rows), tuple(held_out)) for _, _, rows, held_out in asked} == {((2, 3, 4), (0, 1)), ((0, 1), (2, 3))}


@pytest.mark.filterwarnings("ignore:A single label")
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_balanced_accuracy_is_that_of_scikit_learn(pairs):
    target, best = np.array(pairs).T
    best = np.where(np.isin(best, target), best, target[0])  # scikit-learn warns of classes that are not in the target
    assert balanced_accuracy(target, best) == pytest.approx(balanced_accuracy_score(target, best))


@pytest.mark.parametrize("kind, grid", [("logistic_regression", GRID), ("knn", {"n_neighbors": [3, 30]})])
def test_the_chosen_settings_are_reported_and_kept_with_the_model(tmp_path, kind, grid):
    data = make_data(tmp_path, n_inner=3)
    trained = train(job(kind, grid=grid), data)
    (name, values), *_ = grid.items()
    chosen = [trained.metrics[f"chosen_{name}_fold{fold}"] for fold in (0, 1)]
    assert set(chosen) <= set(values) and 0.6 < trained.metrics["inner_balanced_accuracy"] <= 1
    assert 1e-6 not in chosen
    card = json.loads((data / "models" / "toy" / "model.json").read_text())
    assert card["grid"] == grid and card["chosen"] == {"0": {name: chosen[0]}, "1": {name: chosen[1]}}
    again = train(job(kind, grid=grid, threads=4), data)
    pd.testing.assert_frame_equal(again.predictions, trained.predictions, check_exact=True)


def test_the_model_is_the_one_with_the_chosen_settings(tmp_path):
    data = make_data(tmp_path, n_folds=1, n_inner=3)
    searched = train(job(grid=GRID), data)
    fixed = train(job(args={"C": searched.metrics["chosen_C_fold0"]}), data)
    pd.testing.assert_frame_equal(searched.predictions, fixed.predictions, check_exact=True)
    assert "inner_balanced_accuracy" not in fixed.metrics


def test_labels_of_test_rows_change_no_choice(tmp_path):
    data = make_data(tmp_path, n_folds=1, n_inner=3)
    first = train(job(grid=GRID), data)
    manifest, plan = read_table(data / "manifest.csv", MANIFEST), read_table(data / "augment.csv", AUGMENT)
    tested = manifest["image_id"].isin(plan.loc[plan["role"] == "test", "image_id"])
    manifest.loc[tested, "label"] = manifest.loc[tested, "label"].sample(frac=1, random_state=0).to_numpy()
    write_table(manifest, data / "manifest.csv")
    assert train(job(grid=GRID), data).metrics == first.metrics


def test_a_grid_without_inner_folds_or_with_unknown_settings_is_refused(tmp_path):
    with pytest.raises(HemapipeError, match=r"set split\.n_inner"):
        train(job(grid=GRID), make_data(tmp_path / "a"))
    with pytest.raises(HemapipeError, match=r"takes no args\.c here"):
        train(job(grid={"c": [1]}), make_data(tmp_path / "b", n_inner=2))


@pytest.mark.parametrize("grid", [{"C": []}, {"C": 0.1}, [1]])
def test_a_senseless_grid_is_refused_with_the_params(grid):
    row = {"kind": "svm", "features": ["a", "a"], "grid": grid}
    with pytest.raises(HemapipeError, match=r"classical\.svm"):
        check(ClassicalRow, row, "classical.svm")
