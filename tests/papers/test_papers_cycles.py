import pandas as pd
import pytest

from hemapipe.papers.cycles import accuracy_over_cycles, read_cycles

CURVES = pd.DataFrame(
    {
        "fold": [0, 0, 1, 1],
        "epoch": [0, 1, 0, 1],
        "train_accuracy": [0.5, 0.9, 0.6, 1.0],
        "test_accuracy": [0.5, 0.7, 0.4, 0.8],
        "val_accuracy": [0.1, 0.1, 0.1, 0.1],
    }
)


def test_the_mean_of_training_and_test_over_the_cycles():
    found = accuracy_over_cycles(CURVES)
    # fold 0: (.5 + .8) / 2 = .65; fold 1: (.5 + .9) / 2 = .7
    assert found.value == pytest.approx(0.675)
    assert (found.n_cycles, found.held_out, found.missing) == (2, "test_accuracy", ())


def test_validation_rows_stand_in_and_it_is_said():
    found = accuracy_over_cycles(CURVES.drop(columns="test_accuracy"))
    assert found.value == pytest.approx(0.425)
    assert found.held_out == "val_accuracy"
    assert found.note == "validation accuracy stands in for test accuracy"
    assert accuracy_over_cycles(CURVES).note == ""


def test_folds_of_other_lengths_count_alike():
    found = accuracy_over_cycles(CURVES.iloc[:3])
    assert found.value == pytest.approx((0.65 + 0.5) / 2)
    assert found.n_cycles == 1


def test_what_is_missing_is_named():
    today = pd.DataFrame({"fold": [0], "epoch": [0], "train_loss": [1.0], "val_loss": [1.0], "val_accuracy": [0.5]})
    found = accuracy_over_cycles(today)
    assert (found.value, found.missing) == (None, ("train_accuracy",))
    empty = accuracy_over_cycles(today.assign(val_accuracy=float("nan")))
    assert empty.missing == ("train_accuracy", "test_accuracy")


def test_read_from_a_run(tmp_path):
    assert read_cycles(tmp_path, "cnn").missing == ("plots/train/cnn.csv",)
    (tmp_path / "plots" / "train").mkdir(parents=True)
    CURVES.to_csv(tmp_path / "plots" / "train" / "cnn.csv", index=False)
    assert read_cycles(tmp_path, "cnn").value == pytest.approx(0.675)
