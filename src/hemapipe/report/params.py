"""Parameters of `compare`."""

from __future__ import annotations

from typing import Literal

from hemapipe.core.params import Section

Headline = Literal[
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "weighted_f1",
    "kappa",
    "mcc",
    "macro_roc_auc",
    "log_loss",
    "brier",
    "ece",
]


class CompareParams(Section):
    """The metric that orders the leaderboard; losses and errors are ranked from the lowest."""

    rank_by: Headline
