"""Activation maximisation: what image of its own making a network is surest of, for each class."""

from __future__ import annotations

import numpy as np
import torch

from hemapipe.training.cnn.store import Classifier

_LEARNING_RATE = 0.4
_SHIFT = 8  # the image is moved by up to 1/8 of its side at every step, so that no pixel can matter by its place
_FALL = 1.25  # of the frequencies' scale, f to the power of minus this: 1 in the source, more is smoother
_SPREAD = 0.01  # of the first spectrum: next to grey


def activation_maximisation(classifier: Classifier, n_classes: int, px: int, steps: int, seed: int) -> np.ndarray:
    """Return one image per class, (n_classes, px, px, 3), uint8: the class's score is climbed by Adam, `steps` steps.

    Erhan et al. 2009, with what Olah, Mordvintsev and Schubert (Feature visualization, Distill 2017) found to keep
    noise out: the image is a spectrum whose frequencies are scaled down as they rise, and it is shifted at random. It
    starts at the network's zero, a grey.
    """
    random = torch.Generator().manual_seed(seed)
    spectrum = _SPREAD * torch.randn(n_classes, 3, px, px // 2 + 1, 2, generator=random)
    spectrum.requires_grad_()
    frequency = torch.hypot(torch.fft.fftfreq(px)[:, None], torch.fft.rfftfreq(px)[None]).clamp_min(1 / px)
    scale = px * frequency.pow(-_FALL) / px**_FALL
    middle = torch.logit(classifier.mean / 255)
    climb = torch.optim.Adam([spectrum], _LEARNING_RATE)
    classes = torch.arange(n_classes)

    def image() -> torch.Tensor:
        waves = torch.fft.irfft2(torch.view_as_complex(spectrum) * scale, s=(px, px))
        return 255 * torch.sigmoid(middle + waves)

    for _ in range(steps):
        shift = torch.randint(-px // _SHIFT, px // _SHIFT + 1, (2,), generator=random).tolist()
        scores = classifier(image().roll(shift, (2, 3)))
        others = scores.masked_fill(torch.eye(n_classes, dtype=torch.bool), -torch.inf).logsumexp(1)
        climb.zero_grad()
        (others - scores[classes, classes]).sum().backward()
        climb.step()
    return image().detach().permute(0, 2, 3, 1).round().to(torch.uint8).numpy()
