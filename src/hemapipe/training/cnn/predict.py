"""Class probabilities for any images, the same way for every role and for every later user of a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from hemapipe.training.cnn.data import ordered_loader
from hemapipe.training.cnn.store import Classifier


@torch.inference_mode()
def predict(
    classifier: Classifier,
    packed: np.ndarray,
    samples: pd.DataFrame,
    batch_size: int,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Return probabilities (n_samples, n_classes), float64, rows in the order of `samples`.

    Always in single precision, whatever the training's: half precision would tie probabilities.
    """
    classifier.eval().to(device)
    logits = [classifier(batch.images.to(device)).cpu() for batch in ordered_loader(packed, samples, batch_size)]
    return torch.cat(logits).double().softmax(dim=1).numpy()
