"""Views lifted to vertices or points, as InteractVLM lifts its 2D masks.

Every pixel of a rendered view knows the vertices of its triangle and its barycentric weights. A
vertex takes a weighted mean over its pixels in each view, and the plain mean over the views that
see it; unseen vertices get 0.

References
----------
S. K. Dwivedi et al., "InteractVLM: 3D interaction reasoning from 2D foundational models", CVPR
2025; its ``model/components.py`` (commit 79b4bf26; the hard lifting: ea516170 and before).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ivlm_bench.errors import ConfigError, InvalidAnswerError, did_you_mean
from ivlm_bench.metrics.shaped import predicted_array

#: Logits are cut to this before the sigmoid (human, since 2026-04-16).
LOGIT_LIMIT = 20.0

#: The hard lifting's threshold, of raw logits and of the mean weight; the object mesh keeps only
#: pixels whose probability exceeds it.
THRESHOLD = 0.3

#: Index of a pixel that shows no vertex.
NOTHING = -1


def lift_human(
    logits: Float[np.ndarray, "v h w"],
    pixel_to_vertex: Int[np.ndarray, "v h w 3"],
    weights: Float[np.ndarray, "v h w 3"],
    n_vertices: int,
) -> Float[np.ndarray, " n"]:
    """Return the contact probability (n,) of each vertex: the soft lifting since 2026-04-16.

    Parameters
    ----------
    logits
        One map a view, before the sigmoid.
    pixel_to_vertex
        The three vertices of the triangle at each pixel; a pixel with any index outside
        [0, n_vertices) shows nothing.
    weights
        Barycentric weight of each of the three.
    n_vertices
        Vertices of the mesh (6,890 for SMPL).

    Raises
    ------
    InvalidAnswerError
        If shapes do not belong together, or an array holds NaN.
    """
    views = _views(logits, pixel_to_vertex, weights)
    total, n_seen = np.zeros(n_vertices), np.zeros(n_vertices)
    for view_logits, vertices, shares in zip(*views, strict=True):
        prob = sigmoid(np.clip(view_logits, -LOGIT_LIMIT, LOGIT_LIMIT)).ravel()
        _add_view(total, n_seen, (prob, vertices, shares))
    return np.clip(_over_views(total, n_seen), 0.0, 1.0)


def lift_object_mesh(
    logits: Float[np.ndarray, "v h w"],
    pixel_to_vertex: Int[np.ndarray, "v h w 3"],
    weights: Float[np.ndarray, "v h w 3"],
    n_vertices: int,
    *,
    threshold: float = THRESHOLD,
) -> Float[np.ndarray, " n"]:
    """Return the contact value (n,) of each vertex of an object: only pixels above 0.3 speak.

    Parameters as ``lift_human``; ``threshold`` is of the probability, strictly. A pixel at or
    below it neither votes nor counts, so no seen vertex is below it.
    """
    views = _views(logits, pixel_to_vertex, weights)
    total, n_seen = np.zeros(n_vertices), np.zeros(n_vertices)
    for view_logits, vertices, shares in zip(*views, strict=True):
        prob = sigmoid(view_logits).ravel()
        spoken = prob > prob.dtype.type(threshold)
        _add_view(total, n_seen, (prob[spoken], vertices[spoken], shares[spoken]))
    return _over_views(total, n_seen)


def lift_human_hard(
    logits: Float[np.ndarray, "v h w"],
    pixel_to_vertex: Int[np.ndarray, "v h w 3"],
    weights: Float[np.ndarray, "v h w 3"],
    n_vertices: int,
    *,
    threshold: float = THRESHOLD,
) -> Float[np.ndarray, " n"]:
    """Return contact 0 or 1 (n,) of each vertex: the lifting before 2026-04-16.

    Parameters as ``lift_human``. A pixel counts where its raw logit exceeds ``threshold``; a vertex
    is in contact where the mean weight that counting pixels of all views give it does. Pixels that
    do not count never vote against. Published numbers of the paper belong to this version.
    """
    views = _views(logits, pixel_to_vertex, weights)
    total, n_pixels = np.zeros(n_vertices), np.zeros(n_vertices)
    for view_logits, vertices, shares in zip(*views, strict=True):
        counted = view_logits.ravel() > view_logits.dtype.type(threshold)
        kept = counted & _on_mesh(vertices, n_vertices)
        where = vertices[kept].ravel()
        total += np.bincount(where, weights=shares[kept].ravel(), minlength=n_vertices)
        n_pixels += np.bincount(where, minlength=n_vertices)
    mean = _over_views(total, n_pixels).astype(views[0].dtype)
    return (mean > mean.dtype.type(threshold)).astype(np.float64)


def lift_object_points(
    prob: Float[np.ndarray, "v h w"],
    pixel_to_point: Int[np.ndarray, "v h w"],
    n_points: int,
) -> Float[np.ndarray, " n"]:
    """Return the affordance (n,) of each point: the mean of its pixels, then over its views.

    Parameters
    ----------
    prob
        One map a view, as it is to be averaged (probabilities, not logits).
    pixel_to_point
        Index of the point that each pixel shows, -1 for none.
    n_points
        Points of the cloud (2,048 in PIAD).

    Raises
    ------
    InvalidAnswerError
        If shapes differ, an array holds NaN, or an index is neither -1 nor a point.
    """
    values = predicted_array(prob, "maps", shape=(None, None, None))
    points = _indices(pixel_to_point, values.shape)
    if points.min() < NOTHING or points.max() >= n_points:
        raise InvalidAnswerError(
            f"The pixel map shows points {points.min()} to {points.max()}; -1 for none and 0 to "
            f"{n_points - 1} were expected."
        )
    total, n_seen = np.zeros(n_points), np.zeros(n_points)
    for view_values, view_points in zip(values, points, strict=True):
        shown = view_points != NOTHING
        where = view_points[shown]
        n_pixels = np.bincount(where, minlength=n_points)
        summed = np.bincount(where, weights=view_values[shown], minlength=n_points)
        total += _over_views(summed, n_pixels)
        n_seen += n_pixels > 0
    return _over_views(total, n_seen)


#: Keys of views by variant.
_MESH = ("logits", "pixel_to_vertex", "weights")
_POINTS = ("prob", "pixel_to_point")

#: Variants: what lifts them, and the keys of its arguments.
VARIANTS: dict[str, tuple[Callable[..., np.ndarray], tuple[str, ...]]] = {
    "human": (lift_human, _MESH),
    "human_hard": (lift_human_hard, _MESH),
    "object_mesh": (lift_object_mesh, _MESH),
    "object_points": (lift_object_points, _POINTS),
}


def lift_views(views: Mapping[str, Any], n_vertices: int, *, variant: str = "human") -> np.ndarray:
    """Return the lifted value (n,) of each vertex or point.

    Parameters
    ----------
    views
        ``logits``, ``pixel_to_vertex`` and ``weights`` (see ``lift_human``); for
        ``object_points``: ``prob`` and ``pixel_to_point`` (see ``lift_object_points``).
    n_vertices
        Vertices of the mesh, or points of the cloud.
    variant
        ``human`` (soft), ``human_hard`` (before 2026-04-16), ``object_mesh``, ``object_points``.

    Raises
    ------
    ConfigError
        If there is no such variant.
    InvalidAnswerError
        If an array is missing, or does not fit the others.
    """
    if variant not in VARIANTS:
        raise ConfigError(f"There is no lifting {variant!r}.{did_you_mean(variant, [*VARIANTS])}")
    function, keys = VARIANTS[variant]
    missing = [key for key in keys if key not in views]
    if missing:
        raise InvalidAnswerError(
            f"The views lack {', '.join(missing)}; the lifting {variant!r} needs {', '.join(keys)}."
        )
    return function(*(views[key] for key in keys), n_vertices)


def sigmoid(logits: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """Return 1 / (1 + exp(-x)) in the type of ``logits``, without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    decay = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + decay), decay / (1 + decay))


def _add_view(
    total: np.ndarray, n_seen: np.ndarray, pixels: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    """Add one view's weighted means to ``total`` and count the vertices that it sees."""
    prob, vertices, shares = pixels
    on_mesh = _on_mesh(vertices, len(total))
    where, share = vertices[on_mesh].ravel(), shares[on_mesh].ravel()
    votes = (shares[on_mesh] * prob[on_mesh, None]).ravel()
    weight = np.bincount(where, weights=share, minlength=len(total))
    voted = np.bincount(where, weights=votes, minlength=len(total))
    seen = weight > 0
    # Where no weight fell, the sum of votes stands undivided: 0 unless weights are negative.
    total += np.where(seen, voted / np.where(seen, weight, 1.0), voted)
    n_seen += seen


def _on_mesh(vertices: np.ndarray, n_vertices: int) -> np.ndarray:
    inside: np.ndarray = (vertices >= 0) & (vertices < n_vertices)
    return np.asarray(inside.all(axis=1))


def _over_views(total: np.ndarray, n_seen: np.ndarray) -> np.ndarray:
    return np.where(n_seen > 0, total / np.maximum(n_seen, 1), total)


def _views(
    logits: np.ndarray, pixel_to_vertex: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits (v, h, w), vertices (v, p, 3) and weights (v, p, 3), checked."""
    maps = predicted_array(logits, "logits", shape=(None, None, None))
    maps = maps if maps.dtype.kind == "f" else maps.astype(np.float64)
    shape = (*maps.shape, 3)
    vertices = _indices(pixel_to_vertex, shape)
    shares = predicted_array(weights, "barycentric weights", shape=shape)
    flat = (len(maps), -1, 3)
    return maps, vertices.reshape(flat), shares.reshape(flat)


def _indices(pixel_map: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    indices = predicted_array(pixel_map, "pixel map", shape=shape)
    if indices.dtype.kind not in "iu":
        raise InvalidAnswerError(f"The pixel map holds {indices.dtype.name}; indices are integers.")
    return indices.astype(np.int64)
