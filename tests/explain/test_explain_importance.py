"""Permutation importance of blocks, and the verdict on classical models."""

from typing import NamedTuple

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hemapipe.cells.attributes import NAMES
from hemapipe.evaluation import plots
from hemapipe.explain import classical
from hemapipe.explain.families import BACKGROUND, families, family
from hemapipe.explain.importance import Block, ByBlock, Sets, blocks, importance

SETS = [Sets("deep", 4, False), Sets("handcrafted", len(NAMES), True)]


class Fitted(NamedTuple):
    """A logistic regression with the face of a `ClassicalModel`."""

    pipeline: object
    n_classes: int = 2

    def predict(self, features):
        return self.pipeline.predict_proba(features)


def planted(names: list[str], seed: int = 0) -> tuple[Fitted, np.ndarray, np.ndarray]:
    """A model, test features and labels: all `names` tell the class together, correlated, and nothing else does."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 4 + len(NAMES)))
    y = np.arange(400) % 2
    told = 3 * y + rng.normal(size=400)
    for name in names:
        x[:, 4 + NAMES.index(name)] = told + 0.1 * rng.normal(size=400)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(x[:200], y[:200])
    return Fitted(model), x[200:].astype(np.float32), y[200:]


def test_every_attribute_is_in_one_family():
    members = [name for of in families().values() for name in of]
    assert sorted(members) == sorted(NAMES)
    assert families()[BACKGROUND] == [
        name for name in NAMES if name.startswith("background_") and name != "background_share"
    ]
    assert family("nc_ratio_mean") == "N:C ratio" and family("glcm_contrast") == "chromatin texture"


def test_blocks_cover_sets_families_and_attributes_of_named_sets_alone():
    found = {(part.kind, part.name): part.columns for part in blocks(SETS)}
    assert found["set", "deep"].tolist() == [0, 1, 2, 3]
    assert found["set", "handcrafted"].tolist() == list(range(4, 4 + len(NAMES)))
    assert found["attribute", "n_white"].tolist() == [4 + NAMES.index("n_white")]
    assert sum(kind == "attribute" for kind, _ in found) == len(NAMES)


def test_a_permuted_column_of_numbers_takes_the_whole_block_of_the_other_image():
    model, x, _ = planted(["n_white"])
    parts = [Block("a", "set", np.array([0, 2])), Block("b", "set", np.array([1]))]
    rows = np.repeat(np.arange(len(x))[:, None], 2, axis=1)
    rows[:, 0] = rows[::-1, 0]
    expected = x.copy()
    expected[:, [0, 2]] = x[::-1][:, [0, 2]]
    np.testing.assert_array_equal(ByBlock(model, x, parts).predict_proba(rows), model.predict(expected))


def test_correlated_attributes_hide_each_other_singly_and_not_as_a_family():
    model, x, y = planted(families()["chromatin texture"])
    table, scores = importance(model, x, y, blocks(SETS), 3, seed=1)
    lost = table.set_index("block")["balanced_accuracy"]
    assert scores["balanced_accuracy"] > 0.85
    assert lost["chromatin texture"] > 0.3 > 0.1 > lost["glcm_contrast"]
    assert abs(lost["deep"]) < 0.05 and abs(lost["N:C ratio"]) < 0.05
    assert table["log_loss"].is_monotonic_decreasing


@pytest.mark.parametrize("told, expected", [(families()[BACKGROUND], 1), (families()["nucleus size"], 0)])
def test_a_model_that_leans_on_the_background_is_named(told, expected):
    found = classical.weigh(*planted(told), SETS, n_repeats=3, seed=1)
    assert found.metrics["looks_at_background"] == expected
    assert found.metrics["top_attribute"] in told
    assert all(isinstance(value, str) or np.isfinite(value) for value in found.metrics.values())
    # Single attributes are tried of the heaviest families, and of no other.
    assert {family(name) for name in found.table.loc[found.table["kind"] == "attribute", "block"]} == {
        *found.table.loc[found.table["kind"] == "family", "block"].head(3)
    }


def test_a_model_on_a_networks_features_has_one_block_and_no_verdict(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 2
    x[:, 0] += 4 * y
    model = Fitted(make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y))
    found = classical.weigh(model, x, y, SETS[:1], n_repeats=2, seed=0)
    assert found.table["block"].to_list() == ["deep"]
    assert found.metrics["looks_at_background"] == 0 and found.metrics["top_attribute"] == ""
    assert found.metrics["balanced_accuracy_lost_deep"] > 0.3
    plots.draw(classical.paint, found.table, "toy", path=tmp_path / "toy.png", size=(6, classical.height(found.table)))
    assert 1_000 < (tmp_path / "toy.png").stat().st_size < 60_000
