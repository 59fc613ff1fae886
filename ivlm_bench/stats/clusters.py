"""Means of scores whose episodes come in clusters (one object instance, many questions)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Fewer clusters give no interval. With 10, the cluster-robust t interval covers .926 of a
#: nominal .95 (beta-binomial clusters, intra-class correlation .3); below, it gets worse.
MIN_CLUSTERS = 10


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """Names of clusters as numbers: ``codes`` (n,) index ``names`` (K,), sorted, some maybe unused.

    A table is labelled once; every sample drawn from it takes its share of the codes.
    """

    codes: np.ndarray
    names: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str]) -> Labels:
        """Return the labels of a name for each value."""
        distinct, codes = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
        return cls(codes, distinct)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: np.ndarray | slice) -> Labels:
        """Return the labels of some rows, by index, mask or slice."""
        return Labels(self.codes[rows], self.names)

    def counts(self) -> np.ndarray:
        """Return (K,) how many values each name has."""
        return np.bincount(self.codes, minlength=len(self.names))


class Sample:
    """Scores of one task's scenarios, each with the name of its cluster.

    Parameters
    ----------
    values : (n,) array
        Means over the repeats of a scenario.
    clusters : sequence of n names, or their labels
        Cluster of each scenario.

    Raises
    ------
    ValueError
        If the lengths differ or a value is not finite.
    """

    __slots__ = ("labels", "n_clusters", "values")

    def __init__(self, values: np.ndarray, clusters: Sequence[str] | Labels) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        self.labels = clusters if isinstance(clusters, Labels) else Labels.of(clusters)
        if self.values.shape != (len(self.labels),) or not np.isfinite(self.values).all():
            raise ValueError("One finite value a cluster name was expected.")
        self.n_clusters = int((self.labels.counts() > 0).sum())

    @property
    def clusters(self) -> tuple[str, ...]:
        """Name of each value's cluster."""
        return tuple(self.labels.names[self.labels.codes].tolist())

    @property
    def mean(self) -> float | None:
        """Mean over scenarios; None of nothing."""
        return float(self.values.mean()) if len(self.values) else None

    def cluster_sums(self, values: np.ndarray) -> np.ndarray:
        """Return (G,) the sums of (n,) ``values`` in each cluster, sorted by its name."""
        present = self.labels.counts() > 0
        size = len(self.labels.names)
        return np.bincount(self.labels.codes, weights=values, minlength=size)[present]


def scenario_means(
    values: Sequence[float] | np.ndarray, scenarios: Sequence[str], clusters: Sequence[str]
) -> Sample:
    """Average the repeats of each scenario, which are no independent evidence.

    Parameters
    ----------
    values, scenarios, clusters : sequences of one length
        Score, scenario key and cluster of each episode.

    Raises
    ------
    ValueError
        If the lengths differ or a scenario lies in two clusters.
    """
    if not len(values) == len(scenarios) == len(clusters):
        raise ValueError("One scenario and one cluster a value was expected.")
    codes: dict[str, int] = {}
    numbers = np.array([codes.setdefault(s, len(codes)) for s in scenarios], dtype=np.int64)
    try:
        return means_by_code(np.asarray(values, np.float64), numbers, Labels.of(clusters))
    except MixedClusterError as error:
        name = list(codes)[error.code]
        raise ValueError(f"Scenario {name!r} lies in two clusters.") from None


class MixedClusterError(ValueError):
    """A scenario, named by its code, lies in two clusters."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Scenario number {code} lies in two clusters.")
        self.code = code


def means_by_code(values: np.ndarray, scenarios: np.ndarray, clusters: Labels) -> Sample:
    """Average the repeats of each scenario as ``scenario_means``, by whole arrays.

    Parameters
    ----------
    values : (n,) float array
        Score of each episode.
    scenarios : (n,) integer array
        A number for each scenario; the means are in the order in which the numbers first come.
    clusters
        Cluster of each episode.

    Raises
    ------
    MixedClusterError
        If a scenario lies in two clusters.
    """
    steps = np.diff(scenarios)
    if bool((steps > 0).all()):
        return Sample(values, clusters)
    groups, order = _grouped(scenarios, steps)
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    homes = clusters.codes[order]
    strange = np.flatnonzero(homes != homes[starts][groups])
    if len(strange):
        raise MixedClusterError(int(scenarios[order[strange[0]]]))
    means = _group_means(values[order], groups, starts)
    return Sample(means, Labels(homes[starts], clusters.names))


def _grouped(scenarios: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) group numbers that never fall, and the (n,) order of rows that gives them."""
    if bool((steps >= 0).all()):
        order = np.arange(len(scenarios))
        return np.cumsum(np.concatenate([[0], steps > 0])), order
    _, first, inverse = np.unique(scenarios, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    groups = rank[inverse]
    order = np.argsort(groups, kind="stable")
    return groups[order], order


def _group_means(values: np.ndarray, groups: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the mean of each run of rows of one group; every sum is rounded once."""
    sizes = np.diff(np.append(starts, len(values)))
    # Sums of whole numbers, and of two numbers, are rounded at most once whatever their order.
    if int(sizes.max()) <= 2 or bool((values == np.rint(values)).all()):
        return np.bincount(groups, weights=values) / sizes
    return np.array([math.fsum(part) / len(part) for part in np.split(values, starts[1:])])


def shared_labels(strata: Sequence[Sample]) -> list[Labels]:
    """Return the labels of each sample over the names of all: one cluster, one code everywhere."""
    names = [sample.labels.names for sample in strata]
    if all(each is names[0] for each in names):
        return [sample.labels for sample in strata]
    distinct, place = np.unique(np.concatenate(names), return_inverse=True)
    starts = np.cumsum([0] + [len(each) for each in names])
    return [
        Labels(place[sample.labels.codes + start], distinct)
        for sample, start in zip(strata, starts[:-1], strict=True)
    ]


def count_clusters(strata: Sequence[Sample]) -> int:
    """Return how many distinct clusters are in some sample; one in several counts once."""
    if not strata:
        return 0
    counts = np.stack([labels.counts() for labels in shared_labels(strata)])
    return int(counts.any(axis=0).sum())
