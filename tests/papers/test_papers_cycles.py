import pandas as pd
import pytest

from hemapipe.papers.cycles import accuracy_over_cycles, read_cycles

CURVES = pd.DataFrame(
    {
        "fold": [0, 0, 1, 1],
        "epoch": [0, 1, 0, 1],
        "train_accuracy": [0.5, 0.9, 0.6, 1.0],
        "val_accuracy": [0.5, 0.7, 0.4, 0.8],
    }
)


def test_the_mean_of_training_and_held_out_over_the_cycles():
    # fold 0: (.5 + .8) / 2 = .65; fold 1: (.5 + .9) / 2 = .7
    assert accuracy_over_cycles(CURVES) == pytest.approx(0.675)


def test_folds_of_other_lengths_count_alike():
    assert accuracy_over_cycles(CURVES.iloc[:3]) == pytest.approx((0.65 + 0.5) / 2)


def test_without_one_of_the_two_there_is_no_figure():
    assert accuracy_over_cycles(CURVES.drop(columns="train_accuracy")) is None
    assert accuracy_over_cycles(CURVES.assign(val_accuracy=float("nan"))) is None
    assert accuracy_over_cycles(CURVES.iloc[:0]) is None


def test_read_from_a_run(tmp_path):
    assert read_cycles(tmp_path, "cnn") is None
    (tmp_path / "plots" / "train").mkdir(parents=True)
    CURVES.to_csv(tmp_path / "plots" / "train" / "cnn.csv", index=False)
    assert read_cycles(tmp_path, "cnn") == pytest.approx(0.675)
