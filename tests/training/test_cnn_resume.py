"""Interrupted training: killed twice, it ends with the bytes of an undisturbed run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import cnn_killed
import pandas as pd
import pytest
from cnn_toy import job, write_inputs

from hemapipe.core.errors import HemapipeError
from hemapipe.training.cnn.callbacks import History
from hemapipe.training.cnn.module import CnnModule
from hemapipe.training.cnn.resume import Progress, run_key
from hemapipe.training.cnn.runner import train

STEPS_PER_EPOCH = 4  # of the toy data at batch size 8: 24 training images and 5 or 6 variants


class Power(Exception):
    """Fails."""


def products(folder: Path) -> dict[str, bytes]:
    files = [*folder.glob("*.csv"), *folder.glob("*.json"), *folder.glob("models/*")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def fail_at_step(monkeypatch, step: int) -> None:
    whole, steps = CnnModule.training_step, [0]

    def training_step(*args, **kwargs):
        steps[0] += 1
        if steps[0] == step:
            raise Power
        return whole(*args, **kwargs)

    monkeypatch.setattr(CnnModule, "training_step", training_step)


def count_steps(monkeypatch) -> list[int]:
    whole, steps = CnnModule.training_step, []

    def training_step(self, batch, batch_idx):
        steps.append(self.current_epoch)
        return whole(self, batch, batch_idx)

    monkeypatch.setattr(CnnModule, "training_step", training_step)
    return steps


@pytest.mark.slow
def test_a_process_killed_twice_ends_with_equal_bytes(tmp_path, capsys):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        folder.mkdir()
        write_inputs(folder)
    cnn_killed.train_in(undisturbed)
    capsys.readouterr()
    # In the third epoch of the first fold; then, going on from the second, in the second epoch of the second fold.
    for step in (2 * STEPS_PER_EPOCH + 2, 4 * STEPS_PER_EPOCH + 2):
        command = [sys.executable, cnn_killed.__file__, str(killed), str(step)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (killed / "models").exists()
    cnn_killed.train_in(killed)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4 and "fold 2/2  epoch 2/5" in printed[0]
    assert not any((killed / "checkpoints").iterdir())
    assert products(killed) == products(undisturbed)
    assert {"predictions.csv", "curves.csv", "metrics.json", "models/fold1.safetensors"} <= set(products(killed))


RECIPES = {
    "one_cycle": {"schedule": "one_cycle"},
    "constant": {"schedule": "constant", "optimizer": "sgd", "lr": 0.01},
    "cosine": {"schedule": "cosine", "optimizer": "adamax"},
    "plateau": {"schedule": "plateau", "lr": 0.05, "optimizer": "adam", "epochs": 9},
    "early_stopping": {"schedule": "constant", "lr": 0.01, "early_stopping": 2, "epochs": 9},
    "bf16": {"precision": "bf16", "class_weights": True},
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_resumes_exactly(tmp_path, monkeypatch, recipe):
    inputs = write_inputs(tmp_path, n_folds=1)
    toy = job(**{"epochs": 6, **recipe})
    whole = train(toy, inputs, tmp_path / "a", tmp_path / "ck", checkpoint_every_s=0)
    whole.progress.forget()
    # One step into the last epoch: what went before decides when a plateau or an early stop comes.
    with monkeypatch.context() as patch, pytest.raises(Power):
        fail_at_step(patch, STEPS_PER_EPOCH * (len(whole.curves) - 1) + 1)
        train(toy, inputs, tmp_path / "b", tmp_path / "ck", checkpoint_every_s=0)
    steps = count_steps(monkeypatch)
    resumed = train(toy, inputs, tmp_path / "b", tmp_path / "ck", checkpoint_every_s=0)
    assert steps == [len(whole.curves) - 1] * STEPS_PER_EPOCH
    pd.testing.assert_frame_equal(resumed.predictions, whole.predictions, check_exact=True)
    pd.testing.assert_frame_equal(resumed.curves, whole.curves, check_exact=True)
    assert resumed.metrics == whole.metrics


def test_a_polite_stop_is_an_error_too(tmp_path, monkeypatch):
    whole = CnnModule.training_step

    def training_step(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)
        return whole(*args, **kwargs)

    monkeypatch.setattr(CnnModule, "training_step", training_step)
    with pytest.raises(HemapipeError, match="told to stop"):
        train(job(), write_inputs(tmp_path), tmp_path / "m", tmp_path / "ck")
    assert not (tmp_path / "m").exists()


def test_dropout_resumes_exactly(tmp_path, monkeypatch):
    inputs = write_inputs(tmp_path, n_images=24, n_folds=1, variants=False)
    toy = job("small", "torchvision", "mobilenet_v3_small", epochs=3)  # dropout .2 before the classifier
    whole = train(toy, inputs, tmp_path / "a", tmp_path / "ck", checkpoint_every_s=0)
    whole.progress.forget()
    with monkeypatch.context() as patch, pytest.raises(Power):
        fail_at_step(patch, 4)
        train(toy, inputs, tmp_path / "b", tmp_path / "ck", checkpoint_every_s=0)
    resumed = train(toy, inputs, tmp_path / "b", tmp_path / "ck", checkpoint_every_s=0)
    pd.testing.assert_frame_equal(resumed.predictions, whole.predictions, check_exact=True)


def test_finished_folds_are_not_trained_again(tmp_path, monkeypatch):
    inputs = write_inputs(tmp_path)
    first = train(job(), inputs, tmp_path / "a", tmp_path / "ck")
    steps = count_steps(monkeypatch)
    second = train(job(), inputs, tmp_path / "b", tmp_path / "ck")
    assert steps == []
    pd.testing.assert_frame_equal(first.predictions, second.predictions, check_exact=True)
    assert (tmp_path / "a/fold0.safetensors").read_bytes() == (tmp_path / "b/fold0.safetensors").read_bytes()


def test_resume_files_are_not_written_more_often_than_asked(tmp_path, monkeypatch):
    inputs = write_inputs(tmp_path, n_folds=1)
    seen = []
    monkeypatch.setattr(
        History, "on_train_epoch_start", lambda *_: seen.extend((tmp_path / "ck").rglob("*.ckpt")), raising=True
    )
    train(job(epochs=4), inputs, tmp_path / "a", tmp_path / "ck", checkpoint_every_s=3600)
    assert seen == []


def test_the_key_changes_with_whatever_decides_a_result(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    keys = [
        run_key({"lr": 1}, [one], "lenet"),
        run_key({"lr": 2}, [one], "lenet"),
        run_key({"lr": 1}, [other], "lenet"),
        run_key({"lr": 1}, [one], "timm"),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == run_key({"lr": 1}, [one], "lenet")


def test_forget_leaves_other_models_alone(tmp_path):
    for name in ("net-a1", "net-b2", "net-small-c3"):
        Progress(tmp_path / name)
    Progress(tmp_path / "net-a1").forget()
    assert [folder.name for folder in tmp_path.iterdir()] == ["net-small-c3"]
