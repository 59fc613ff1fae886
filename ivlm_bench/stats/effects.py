"""Design effects: how much less clustered values are worth than independent ones."""

from __future__ import annotations

import numpy as np

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.joint import Joint

#: Clusters that the prior guess of the design effect (each cluster speaks with one voice) weighs.
#: Without it, few clusters with a failure say nothing of how failures cluster: 20 clusters of 10 at
#: rate .9 would be covered .928 of the time, clusters of 2, 10 and 20 .88; with it .957 and .978.
PRIOR_CLUSTERS = 0.5


def inflation(sample: Sample, joint: Joint, t: int, *, n_telling: int) -> tuple[float, float]:
    """Return by what task t's measured variance is multiplied, and what is added to it then.

    The design effect, no less than 1, is drawn towards that of clusters that speak with one voice,
    ``sum n_g^2 / n``, which weighs as much as ``PRIOR_CLUSTERS`` of the ``n_telling`` clusters that
    tell how rare values cluster; it is never drawn below the measured one.

    Parameters
    ----------
    sample
        Values of the task, not all equal.
    joint
        The task among the others.
    t
        Its column there.
    n_telling
        Clusters that hold anything but the commonest value.
    """
    n, sizes = len(sample.values), joint.sizes[:, t]
    plain = float(((sample.values - sample.values.mean()) ** 2).sum()) / n**2
    measured = float((joint.influence[:, t] ** 2).sum()) * joint.influence.shape[1] ** 2
    effect = max(measured / plain, 1.0)
    full = float(sizes @ sizes) / n
    weights = n_telling + PRIOR_CLUSTERS
    drawn = max((n_telling * effect + PRIOR_CLUSTERS * full) / weights, effect)
    return drawn / effect, drawn / effect * max(plain - measured, 0.0)


def estimated_share(joint: Joint) -> float:
    """Return the share of the variance that clusters add, if each speaks with one voice.

    ``1 - sum_t sum_g w_t^2 n_gt / sum_g (sum_t w_t n_gt)^2`` with ``w_t = 1 / n_t``: 0 where every
    value is its own cluster. The rest of the variance follows from the rates and is not estimated.
    """
    weights = 1.0 / joint.sizes.sum(axis=0)
    plain = float((weights**2 * joint.sizes.sum(axis=0)).sum())
    return max(1.0 - plain / float(((joint.sizes @ weights) ** 2).sum()), 0.0)


def telling_clusters(sample: Sample, common: np.ndarray) -> int:
    """Return the clusters that hold a value of which ``common`` (n,) is not true."""
    return int((sample.cluster_sums((~common).astype(np.float64)) > 0.0).sum())
