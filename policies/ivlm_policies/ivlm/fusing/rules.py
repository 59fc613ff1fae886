"""How the votes of several views become one probability."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool, Float32

#: A view that says less than this says nothing, to the rule that counts the others only.
POSITIVE = 0.3

Votes = Float32[np.ndarray, "v n"]


def mean(votes: Votes, weight: Votes) -> Float32[np.ndarray, " n"]:
    """Return the weighted mean over the views: a view that sees a point and says no counts."""
    total = weight.sum(axis=0)
    return np.asarray((votes * weight).sum(axis=0) / np.maximum(total, 1e-9), np.float32)


def strongest(votes: Votes, weight: Votes) -> Float32[np.ndarray, " n"]:
    """Return the largest of the votes."""
    return np.asarray(np.where(weight > 0, votes, 0.0).max(axis=0), np.float32)


def noisy_or(votes: Votes, weight: Votes) -> Float32[np.ndarray, " n"]:
    """Return the probability that not all views err that say yes, as if they erred independently.

    J. Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, section 4.3.
    """
    no = np.where(weight > 0, 1.0 - votes, 1.0).prod(axis=0)
    return np.asarray(1.0 - no, np.float32)


def positives(votes: Votes, weight: Votes) -> Float32[np.ndarray, " n"]:
    """Return the mean over those views that say yes; those that say no have no vote."""
    return mean(votes, np.where(votes >= POSITIVE, weight, 0.0).astype(np.float32))


#: The rules that need no training, by name.
RULES: Mapping[str, Callable[[Votes, Votes], Float32[np.ndarray, " n"]]] = {
    "mean": mean,
    "max": strongest,
    "noisy_or": noisy_or,
    "posonly": positives,
}


def spread(votes: Votes, seen: Bool[np.ndarray, "v n"]) -> Float32[np.ndarray, " n"]:
    """Return the standard deviation of the votes of the views that see each point."""
    weight = seen.astype(np.float32)
    middle = mean(votes, weight)
    return np.sqrt(mean((votes - middle) ** 2, weight))
