"""A program, `cnn_killed.py FOLDER STEP`: train on the toy data and kill this process in the middle of a step."""

import os
import signal
import sys
from pathlib import Path

from cnn_toy import job

from hemapipe.core.tables import write_json, write_table
from hemapipe.training.cnn.module import CnnModule
from hemapipe.training.cnn.runner import Inputs, Trained, train

RECIPE = {"epochs": 5, "online_augment": ["flips", "transpose", "rotation", "zoom"], "keep_weights": "all"}


def train_in(folder: Path) -> Trained:
    inputs = Inputs(folder / "32.npy", folder / "manifest.csv", folder / "augment.csv")
    trained = train(job(**RECIPE), inputs, folder / "models", folder / "checkpoints", checkpoint_every_s=0)
    write_table(trained.predictions, folder / "predictions.csv")
    write_table(trained.curves, folder / "curves.csv")
    write_json(trained.metrics, folder / "metrics.json")
    trained.progress.forget()
    return trained


def die_at(step: int) -> None:
    whole, steps = CnnModule.training_step, [0]

    def training_step(*args, **kwargs):
        steps[0] += 1
        if steps[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*args, **kwargs)

    CnnModule.training_step = training_step


if __name__ == "__main__":
    if int(sys.argv[2]):
        die_at(int(sys.argv[2]))
    train_in(Path(sys.argv[1]))
