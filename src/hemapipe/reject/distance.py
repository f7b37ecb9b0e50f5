"""How far features lie from those of the training images: probabilistic principal components.

A Gaussian with free variances along the first components and one variance for all others (Tipping and Bishop, J. R.
Stat. Soc. B 61:611, 1999); its Mahalanobis distance sees both what is extreme along the training images' own variation
and what leaves it. As an out-of-domain score on deep features: Lee et al., NeurIPS 2018; the part that leaves the
components: Wang et al., ViM, CVPR 2022.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from hemapipe.core.errors import HemapipeError


class Gaussian(NamedTuple):
    """`mean` (d,), orthonormal `components` (c, d), their `variances` (c,), and `noise`, the variance of the rest."""

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    noise: float

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Return the squared Mahalanobis distance (n,), over d, of `features` (n, d): near 1 for training images."""
        centred = features.astype(np.float64) - self.mean
        along = centred @ self.components.T
        rest = (centred**2).sum(axis=1) - (along**2).sum(axis=1)
        return ((along**2 / self.variances).sum(axis=1) + np.maximum(rest, 0) / self.noise) / centred.shape[1]


def fit(features: np.ndarray, n_components: int, seed: int) -> Gaussian:
    """Fit the Gaussian to `features` (n, d); a third of the images at most are taken for components.

    Raises:
        HemapipeError: fewer than six images, or images that do not differ.
    """
    if len(features) < 6:
        raise HemapipeError(f"{len(features)} training images are too few to tell other pictures from them")
    n_components = min(n_components, len(features) // 3, features.shape[1] - 1)
    if not np.ptp(features, axis=0).any():
        raise HemapipeError("the training images' features do not differ: nothing can be told from them")
    pca = PCA(n_components, svd_solver="full", random_state=seed).fit(features.astype(np.float64))
    # Features that vary along few directions alone leave no noise: anything off them is then far, not infinitely far.
    noise = max(float(pca.noise_variance_), 1e-6 * float(pca.explained_variance_[0]))
    return Gaussian(pca.mean_, pca.components_, np.maximum(pca.explained_variance_, noise), noise)
