"""What the fusion head knows of a surface point, and the head itself; training reads the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float32

#: Names of the features, in the order of their columns.
FEATURES = (
    "mean",
    "max",
    "min",
    "std",
    "frontal_mean",
    "one_over_n",
    "best_cosine",
    "height",
    "presence_mean",
    "presence_max",
)
#: Logits are clipped to this, so that one sure view cannot shout down the others.
MAX_LOGIT = 10.0
#: Height (m) that stands for 1.
HEIGHT_M = 0.15
#: A view that sees a point at a right angle to its normal still counts this much.
LEAST_WEIGHT = 0.05


def point_features(
    logits: Float32[np.ndarray, "v n"],
    seen: Bool[np.ndarray, "v n"],
    cosine: Float32[np.ndarray, "v n"],
    height_m: Float32[np.ndarray, " n"],
    presence: Float32[np.ndarray, " v"],
) -> Float32[np.ndarray, "n f"]:
    """Return the features of surface points, one row a point, columns as in ``FEATURES``.

    ``logits``: what each view says of each point (before the sigmoid); ``seen``: whether it sees
    it; ``cosine``: of the point's normal to the ray, 0..1 (1 where there are no normals);
    ``height_m``: over the table; ``presence``: logit of each view that what is asked for is there.
    A point that no view sees has the logit of a sure no.
    """
    said = np.clip(logits, -MAX_LOGIT, MAX_LOGIT)
    count = seen.sum(axis=0)
    some = count > 0
    mean = _mean(said, seen)
    weight = seen * np.maximum(cosine, LEAST_WEIGHT)
    out = np.stack(
        [
            mean,
            np.where(some, np.where(seen, said, -MAX_LOGIT).max(axis=0), -MAX_LOGIT),
            np.where(some, np.where(seen, said, MAX_LOGIT).min(axis=0), -MAX_LOGIT),
            np.where(some, np.sqrt(np.maximum(_mean((said - mean) ** 2, seen), 0.0)), 0.0),
            _mean(said, weight),
            1.0 / np.maximum(count, 1),
            np.where(some, np.where(seen, cosine, 0.0).max(axis=0), 0.0),
            height_m / HEIGHT_M,
            np.full(len(height_m), np.clip(presence, -MAX_LOGIT, MAX_LOGIT).mean()),
            np.full(len(height_m), np.clip(presence, -MAX_LOGIT, MAX_LOGIT).max()),
        ],
        axis=1,
    )
    return np.asarray(out, np.float32)


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the views (n,), a sure no where no view has weight."""
    total = weight.sum(axis=0)
    return np.where(total > 0, (values * weight).sum(axis=0) / np.maximum(total, 1e-9), -MAX_LOGIT)


def head_logits(
    features: Float32[np.ndarray, "n f"], head: Mapping[str, np.ndarray]
) -> Float32[np.ndarray, " n"]:
    """Return the logit of contact of each point from the arrays of ``fusion.safetensors``.

    ``head``: ``centre`` and ``scale`` (f,) of the features, ``w1`` (f, k), ``b1`` (k,), ``w2``
    (k,), ``b2`` () of one hidden layer with ReLU, and ``skip`` () with which the frontal mean goes
    straight through.
    """
    unit = (features - head["centre"]) / head["scale"]
    hidden = np.maximum(unit @ head["w1"] + head["b1"], 0.0)
    through = head["skip"] * features[:, FEATURES.index("frontal_mean")]
    return np.asarray(hidden @ head["w2"] + head["b2"] + through, np.float32)
