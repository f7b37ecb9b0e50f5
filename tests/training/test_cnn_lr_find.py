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
from hemapipe.training.cnn.lr_find import HIGHEST, LOWEST, find_lr, paint
from hemapipe.training.cnn.store import ModelCard

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
