"""PixMo-points: as many points as there are things, each in the mask of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.mask_hits import given_points, pixel_values
from ivlm_bench.metrics.profile import (
    Measured,
    Param,
    Profile,
    Quantity,
    add_profile,
    mean_of_numbers,
)
from ivlm_bench.metrics.reply_points import text_points
from ivlm_bench.metrics.spec import Absent


def matched_hits(
    points_px: Float64[np.ndarray, "p 2"],
    true_px: Float64[np.ndarray, "g 2"],
    masks: np.ndarray,
) -> int:
    """Return how many points lie in the mask (h, w) of the true point that they are paired with.

    Points and true points are paired one to one so that the sum of their distances is least.
    """
    from scipy.optimize import linear_sum_assignment

    distances = np.linalg.norm(points_px[:, None] - true_px[None], axis=2)
    chosen, partners = linear_sum_assignment(distances)
    return sum(
        bool(pixel_values(points_px[[i]], masks[k])[0])
        for i, k in zip(chosen, partners, strict=True)
    )


def _things(truth: Any) -> tuple[Float64[np.ndarray, "g 2"], np.ndarray]:
    """Return (points (g, 2), masks (g, h, w)) of a truth."""
    if not isinstance(truth, Mapping) or "points" not in truth or "masks" not in truth:
        raise InvalidAnswerError("The truth is no mapping with 'points' (g, 2) and 'masks'.")
    points, masks = given_points(truth["points"]), np.asarray(truth["masks"])
    if masks.ndim != 3 or len(masks) != len(points):
        raise InvalidAnswerError(
            f"The truth has {len(points)} points and masks of shape {masks.shape}; give one mask "
            "(h, w) a point."
        )
    return points, masks


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    true_px, masks = _things(truth)
    if isinstance(prediction, str):
        size = {"height_px": masks.shape[1], "width_px": masks.shape[2]}
        points = text_points(prediction, family=params["parser"], **size)
    else:
        points = given_points(prediction)
    if not len(true_px):
        right = float(not len(points))
        return Measured({"precision": right, "recall": right, "f1": right}, (0, len(points), 0))
    n_hits = matched_hits(points, true_px, masks) if len(points) else 0
    precision = n_hits / len(points) if len(points) else 0.0
    recall = n_hits / len(true_px)
    f1 = 2.0 * n_hits / (len(points) + len(true_px))
    scores: dict[str, float | Absent] = {"precision": precision, "recall": recall, "f1": f1}
    return Measured(scores, (n_hits, len(points), len(true_px)))


def _combine(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    n_hits, n_points, n_true = np.sum([sample.tally for sample in measured], axis=0)
    nothing = Absent("nothing is asked for and nothing was pointed at")
    micro = 2.0 * n_hits / (n_points + n_true) if n_points + n_true else nothing
    return mean_of_numbers(measured) | {"micro_f1": micro}


def _oracle(truth: Any, rng: np.random.Generator) -> np.ndarray:
    return _things(truth)[0]


def _random(truth: Any, rng: np.random.Generator) -> np.ndarray:
    """Return as many points as there are things, anywhere in the image."""
    _, masks = _things(truth)
    return rng.uniform((0.0, 0.0), masks.shape[:0:-1], (len(masks), 2))


def _centre(truth: Any, rng: np.random.Generator) -> np.ndarray:
    _, masks = _things(truth)
    return np.array([masks.shape[:0:-1]], dtype=np.float64) // 2


def _nothing() -> list[tuple[float, float]]:
    return []


_EMPTY = "1 if no point is given, else 0"

add_profile(
    Profile(
        name="pixmo",
        title="Precision, recall and F1 of points, each paired with one thing (not official)",
        source="own: the rule of Molmo's PixMo-points as third parties port it; pairing by least "
        "total distance, a hit lies in the mask of its partner",
        form="points",
        prediction="the model's reply (str), or pixel points (n, 2) as (x, y)",
        truth="a mapping with 'points' (g, 2) in px and 'masks' (g, h, w)",
        quantities=(
            Quantity(name="precision", empty_truth=_EMPTY),
            Quantity(name="recall", empty_truth=_EMPTY),
            Quantity(name="f1", empty_truth=_EMPTY),
            Quantity(name="micro_f1", empty_truth="its points count as wrong", each=False),
        ),
        params=(Param(name="parser", default="pointarena", meaning="how replies are read"),),
        score=_score,
        combine=_combine,
        no_prediction=_nothing,
        controls={"oracle": _oracle, "centre": _centre, "random": _random},
        quirks=(
            "No official code is public: ports differ in how they read a refusal; here a reply "
            "without points is one.",
            "precision, recall and f1 are means over images, micro_f1 is over all points.",
        ),
    )
)
