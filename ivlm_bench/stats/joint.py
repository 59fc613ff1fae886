"""What a mean over tasks of equal weight is worth, where tasks may share their clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.stats.clusters import Sample, shared_labels


@dataclass(frozen=True, eq=False, slots=True)
class Joint:
    """T samples, one a task, over the G clusters that are in any of them.

    Attributes
    ----------
    sizes : (G, T) array
        Values of each cluster in each task.
    influence : (G, T) array
        What each cluster adds to the error of the mean over tasks: the sum of its residuals over
        ``n_t T``, times ``sqrt(G_t / (G_t - 1))`` (0 in a task of one cluster).
    """

    sizes: np.ndarray
    influence: np.ndarray

    @property
    def n_clusters(self) -> np.ndarray:
        """(T,) distinct clusters of each task."""
        return (self.sizes > 0).sum(axis=0)

    @property
    def covariance(self) -> np.ndarray:
        """(T, T) cluster-robust covariance of what the tasks add to the mean; its sum is CRV1."""
        return np.asarray(self.influence.T @ self.influence)

    @property
    def effective_clusters(self) -> np.ndarray:
        """(T,) clusters of equal size that each task's clusters are worth: ``n^2 / sum n_g^2``.

        References
        ----------
        L. Kish, Survey Sampling (1965), section 11.7.
        """
        return np.asarray(self.sizes.sum(axis=0) ** 2 / (self.sizes**2).sum(axis=0))

    def overlap(self) -> np.ndarray:
        """Return (T, T) the correlation of two means whose clusters each speak with one voice."""
        shares = self.sizes / np.sqrt((self.sizes**2).sum(axis=0))
        return np.asarray(shares.T @ shares)

    def degrees_of_freedom(self, covariance: np.ndarray) -> float:
        """Return Satterthwaite's degrees of freedom of the sum of a (T, T) ``covariance``.

        ``(sum_g s_g)^2 / sum_g s_g^2 / (1 - m_g)``, where each cluster's variance s_g is its share
        of the covariances of its tasks (in proportion to ``sqrt(n_gs n_gt)``), and m_g the mean of
        ``1 / G_t`` over its tasks: what centring each task takes away. Disjoint tasks of equal
        clusters give Satterthwaite's formula over tasks with ``G_t - 1`` each; tasks that share all
        of G equal clusters give ``G - 1``. Unequal clusters give fewer (about the effective number
        less one). Never below the least of the tasks taken alone, nor below 1.

        References
        ----------
        F. E. Satterthwaite, "An approximate distribution of estimates of variance components",
        Biometrics Bulletin 2 (1946), 110-114. A. V. Carter, K. T. Schnepel and D. G. Steigerwald,
        "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of Economics and
        Statistics 99 (2017), 698-709, for unequal clusters.
        """
        roots = np.sqrt(self.sizes)
        per_root = covariance / np.maximum(roots.T @ roots, 1.0)
        parts = np.maximum(((roots @ per_root) * roots).sum(axis=1), 0.0)
        inside = self.sizes > 0
        left = 1.0 - (inside / np.maximum(self.n_clusters, 1)).sum(axis=1) / inside.sum(axis=1)
        alone = self.effective_clusters * (1.0 - 1.0 / self.n_clusters)
        floor = max(float(alone.min()), 1.0)
        used = (parts > 0.0) & (left > 0.0)
        if not used.any():
            return floor
        parts, left = parts[used], left[used]
        return max(float(parts.sum() ** 2 / (parts**2 / left).sum()), floor)


def joined(strata: Sequence[Sample]) -> Joint:
    """Return what ``strata``, samples of at least one value each, say together."""
    labels = shared_labels(strata)
    sizes = np.stack([each.counts() for each in labels], axis=1).astype(np.float64)
    influence = np.zeros_like(sizes)
    for column, (sample, each) in enumerate(zip(strata, labels, strict=True)):
        rest = sample.values - sample.values.mean()
        sums = np.bincount(each.codes, weights=rest, minlength=len(sizes))
        correction = sample.n_clusters / max(sample.n_clusters - 1, 1)
        if sample.n_clusters > 1:
            influence[:, column] = np.sqrt(correction) * sums / (len(rest) * len(strata))
    present = sizes.any(axis=1)
    return Joint(sizes[present], influence[present])
