"""Permutation importance of blocks of features: what a classical model loses when a block is dealt to other images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss

from hemapipe.cells.attributes import NAMES
from hemapipe.explain.families import families
from hemapipe.training.classical.store import ClassicalModel


class Block(NamedTuple):
    """Columns that are permuted together; `kind` is set (a whole feature set), family or attribute."""

    name: str
    kind: str
    columns: np.ndarray


class Sets(NamedTuple):
    """A feature set: its name, its number of columns, and whether they are the named attributes of `cells`."""

    name: str
    width: int
    named: bool


def blocks(sets: list[Sets]) -> list[Block]:
    """Return the blocks of feature sets that stand side by side.

    Each set is one block. The columns of a network's features mean nothing singly; those of named attributes are
    blocks in families and singly too.
    """
    found, start = [], 0
    for one in sets:
        found.append(Block(one.name, "set", np.arange(start, start + one.width)))
        if one.named:
            place = {name: start + index for index, name in enumerate(NAMES)}
            found += [Block(name, "family", np.array([place[m] for m in of])) for name, of in families().items()]
            found += [Block(name, "attribute", np.array([column])) for name, column in place.items()]
        start += one.width
    return found


class ByBlock(BaseEstimator):
    """A fitted model that sees numbers of rows, a column per block, so that permuting a column permutes the block.

    scikit-learn's `permutation_importance` permutes single columns only.
    """

    def __init__(self, model: ClassicalModel, features: np.ndarray, parts: list[Block]) -> None:
        """Wrap `model` for the rows of `features` (n, d)."""
        self.model = model
        self.features = features
        self.parts = parts

    def fit(self, *_: object) -> ByBlock:
        """Do nothing: the model is fitted; scikit-learn asks for the method."""
        return self

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Return (n, n_classes) for `rows` (n, n_blocks), the row that each block is taken from."""
        mixed = self.features.copy()
        at = np.arange(len(rows))
        for column, part in enumerate(self.parts):
            if (rows[:, column] != at).any():
                mixed[:, part.columns] = self.features[np.ix_(rows[:, column], part.columns)]
        return self.model.predict(mixed)


def importance(
    model: ClassicalModel, features: np.ndarray, labels: np.ndarray, parts: list[Block], n_repeats: int, seed: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return a row per block, the gravest loss first, and the scores of the untouched features.

    Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019) by scikit-learn. `log_loss` and
    `balanced_accuracy` are the mean losses over `n_repeats` permutations (higher: the model leans on the block), `_sd`
    their standard deviations.

    Args:
        model: fitted.
        features: (n, d) of test rows.
        labels: (n,), class indices.
        parts: of `blocks`.
        n_repeats: permutations of each block.
        seed: of the permutations.
    """
    classes = np.arange(model.n_classes)

    def score(estimator: ByBlock, rows: np.ndarray, y: np.ndarray) -> dict[str, float]:
        p = estimator.predict_proba(rows)
        right = [float((p.argmax(axis=1) == y)[y == one].mean()) for one in np.unique(y)]
        return {"log_loss": -float(log_loss(y, p, labels=classes)), "balanced_accuracy": float(np.mean(right))}

    rows = np.repeat(np.arange(len(features))[:, None], len(parts), axis=1)
    whole = ByBlock(model, features, parts)
    found = permutation_importance(whole, rows, labels, scoring=score, n_repeats=n_repeats, random_state=seed)
    table = pd.DataFrame({"block": [part.name for part in parts], "kind": [part.kind for part in parts]})
    table["n_features"] = [len(part.columns) for part in parts]
    for name in ("log_loss", "balanced_accuracy"):
        table[name], table[f"{name}_sd"] = found[name].importances_mean, found[name].importances.std(axis=1, ddof=1)
    baseline = score(whole, rows, labels)
    order = table.sort_values(["log_loss", "block"], ascending=[False, True], ignore_index=True)
    return order, {"log_loss": -baseline["log_loss"], "balanced_accuracy": baseline["balanced_accuracy"]}
