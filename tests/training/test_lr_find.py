"""The learning-rate finder: one answer, the same twice, and nothing left behind."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from cnn_toy import CLASSES, job, write_inputs

from hemapipe.core.tables import AUGMENT, MANIFEST, read_table
from hemapipe.evaluation import plots
from hemapipe.samples import load_samples
from hemapipe.training.cnn.store import ModelCard
from hemapipe.training.lr_find import HIGHEST, LOWEST, find_lr, paint, steepest, unbiased

CARD = ModelCard("lenet", "lenet", 32, CLASSES, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    found = write_inputs(tmp_path_factory.mktemp("lr"), n_folds=1)
    return np.load(found.packed), load_samples(read_table(found.manifest, MANIFEST), read_table(found.augment, AUGMENT))


def states():
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()


def test_one_answer_the_same_twice_and_nothing_left_behind(inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = states()
    first = find_lr(CARD, "scratch", *inputs, job().params, seed=3)
    assert states() == before and not any(tmp_path.iterdir())
    torch.rand(5)
    again = find_lr(CARD, "scratch", *inputs, job().params, seed=3)
    assert first.suggestion == again.suggestion and LOWEST < first.suggestion < HIGHEST
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.table["lr"].is_monotonic_increasing and len(first.table) > 20


def test_the_picture_marks_the_suggestion(inputs, tmp_path):
    curve = find_lr(CARD, "scratch", *inputs, job(lr_body=0.001, schedule="one_cycle").params, seed=3)
    plots.draw(paint, curve, path=tmp_path / "a.png", size=(4, 2.5))
    plots.draw(paint, curve, path=tmp_path / "b.png", size=(4, 2.5))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_loss_that_never_changes_stays_level():
    """The tuner's own formula, a first loss of ln 4: without the mend the curve would climb from half of it."""
    average, smoothed = 0.0, []
    for step in range(1, 60):
        average = 0.98 * average + 0.02 * np.log(4)
        smoothed.append(average / (1 - 0.98 ** (step + 1)))
    assert smoothed[0] < 0.8
    np.testing.assert_allclose(unbiased(np.array(smoothed)), np.log(4), rtol=1e-12)


def test_the_first_step_shows_the_loss_of_guessing(inputs):
    curve = find_lr(CARD, "scratch", *inputs, job().params, seed=3)
    assert curve.table["loss"].iloc[0] == pytest.approx(np.log(len(CLASSES)), rel=0.25)


def test_the_steepest_fall_is_looked_for_before_the_minimum():
    lr = np.logspace(-5, 0, 101)
    loss = 1 - 1 / (1 + np.exp(-4 * (np.log10(lr) + 3))) + np.where(lr > 0.05, 40 * (lr - 0.05), 0)
    assert steepest(pd.DataFrame({"lr": lr, "loss": loss})) == pytest.approx(1e-3, rel=0.15)
    assert steepest(pd.DataFrame({"lr": lr, "loss": lr})) is None
    assert steepest(pd.DataFrame({"lr": [], "loss": []})) is None
