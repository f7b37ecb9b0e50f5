"""The counts per fold are those of the rows, and give scikit-learn's balanced accuracy back."""

import numpy as np
import pytest
from evaluation_examples import calibration, manifest_and_groups, predictions
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from hemapipe.evaluation.confusions import CONFUSIONS, balanced_accuracies, confusions
from hemapipe.evaluation.predictions import scored_rows

MANIFEST, GROUPS = manifest_and_groups(n=240, n_groups=48)
TESTED = {
    name: scored_rows(predictions(MANIFEST, GROUPS, seed=seed, skill=skill), calibration(), MANIFEST, GROUPS)
    for name, seed, skill in (("good", 1, 3.0), ("poor", 2, 0.3))
}


@pytest.mark.parametrize("model", list(TESTED))
def test_counts_and_balanced_accuracy_per_fold(model):
    rows, table = TESTED[model], confusions(TESTED)
    assert list(table.columns) == CONFUSIONS and (table["n"] > 0).all()
    assert list(table["model"].unique()) == list(TESTED)
    counts = table[table["model"] == model]
    per_fold = balanced_accuracies(counts)
    assert list(per_fold.index) == sorted(set(rows.fold))
    names, called = np.array(rows.class_names), rows.p.argmax(axis=1)
    for fold, value in per_fold.items():
        here = rows.fold == fold
        matrix = counts[counts["fold"] == fold].pivot_table(
            index="actual", columns="predicted", values="n", fill_value=0
        )
        expected = confusion_matrix(names[rows.y[here]], names[called[here]], labels=names)
        assert (matrix.reindex(index=names, columns=names, fill_value=0).to_numpy() == expected).all()
        assert value == pytest.approx(balanced_accuracy_score(rows.y[here], called[here]))


def test_no_models_no_counts_and_a_class_never_called_scores_nothing():
    assert list(confusions({}).columns) == CONFUSIONS and confusions({}).empty
    counts = confusions(TESTED).query("model == 'good' and actual != predicted")
    assert (balanced_accuracies(counts) == 0).all()
