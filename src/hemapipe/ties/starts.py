"""Where to begin laying one image upon another: the transforms between their most similar views."""

from __future__ import annotations

import numpy as np

from hemapipe.ties import views

_BEST = ((views.COPIES, 2), (views.NEIGHBOURS, 1))  # how many transforms of each kind are tried


class _Views:
    """All views that some matches hold against each other, and the transform of each."""

    def __init__(self, matches: list[views.Match]) -> None:
        numbers = np.arange(views.THUMB_PX**2).reshape(1, views.THUMB_PX, views.THUMB_PX)
        every = [(window, base, turn) for window, base, n_turns in matches for turn in range(n_turns)]
        windows, bases, turns = (np.array(part) for part in zip(*every, strict=True))
        self.windows, self.bases = windows[:, None], bases
        self.pixels = np.stack([views.turned(numbers, turn).ravel() for turn in turns])
        forth = np.stack(
            [
                views.WINDOWS[base].matrix @ np.linalg.inv(views.WINDOWS[window].matrix @ views.turn_matrix(turn))
                for window, base, turn in every
            ]
        )
        self.matrices = np.concatenate([forth, np.linalg.inv(forth)])

    def best(self, first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
        """Return the transforms (n, 3, 3), best first, that lay `first` on `second`; either may be the one viewed."""
        scores = [
            np.einsum("vp,vp->v", viewed[self.windows, self.pixels], other[self.bases])
            for viewed, other in ((first, second), (second, first))
        ]
        return self.matrices[np.argsort(-np.concatenate(scores), kind="stable")[:n]]


_LISTS = [(_Views(matches), n) for matches, n in _BEST]


def between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return transforms (3, 3, 3) of unit coordinates of the first image to those of the second.

    Args:
        first: `views.thumbnails` of the first image, (len(WINDOWS), THUMB_PX²).
        second: those of the second.
    """
    return np.concatenate([kind.best(first, second, n) for kind, n in _LISTS])
