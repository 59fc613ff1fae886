"""From a cloud to what the network reads: points in a window, sampled, with features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from ivlm_bench.geometry.cloud import Cloud
from ivlm_policies.ivlm_points.grouping import N_POINTS, Groups, groups_of, levels_of, nested_order

#: Columns of the features: place in the window, normal, colour, height, logarithm of the radius.
N_FEATURES = 11
#: Columns that hold the colour.
COLOUR = slice(6, 9)
#: Height (m) and radius (m) that stand for 1 and 0.
HEIGHT_M, RADIUS_M = 0.15, 0.15
#: Least radius (m) of a window.
LEAST_RADIUS_M = 0.02
#: Side of a window about a thing over that of the thing's box.
MARGIN = 1.2


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """A box that is looked at: its middle and half its sides, m, world frame."""

    middle_m: Float64[np.ndarray, "3"]
    half_m: Float64[np.ndarray, "3"]

    @property
    def radius_m(self) -> float:
        """Radius of the ball about it: what the network takes for 1."""
        return max(float(np.linalg.norm(self.half_m)), LEAST_RADIUS_M)

    def inside(self, points_m: Float64[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        """Return which points lie in it."""
        return np.asarray((np.abs(points_m - self.middle_m) <= self.half_m + 1e-9).all(axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """What the network reads of one window: features (2048, 11) and groups of sampled points.

    ``points_m``: where they are; ``index``: which of the window's points they are.
    """

    features: Float32[np.ndarray, "n c"]
    groups: Groups
    points_m: Float64[np.ndarray, "n 3"]
    index: Int64[np.ndarray, " n"]


def window_about(points_m: Float64[np.ndarray, "n 3"], *, margin: float = 1.0) -> Window:
    """Return the box about some points, so many times as large."""
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    half = np.maximum(0.5 * margin * (high - low), 0.5 * LEAST_RADIUS_M)
    return Window(0.5 * (low + high), half)


def sample(
    cloud: Cloud, window: Window, rng: np.random.Generator, *, n_points: int = N_POINTS
) -> Sample:
    """Return what the network reads of a cloud's points, all of which lie in a window.

    Of more points than the network takes some are drawn; of fewer, some are taken twice.
    """
    n = len(cloud)
    if n >= n_points:
        drawn = rng.choice(n, n_points, replace=False)
    else:
        drawn = np.concatenate([np.arange(n), rng.integers(0, n, n_points - n)])
    unit = ((cloud.points_m[drawn] - window.middle_m) / window.radius_m).astype(np.float32)
    order = nested_order(unit, levels_of(n_points)[0])
    drawn, unit = drawn[order], unit[order]
    return Sample(features_of(cloud, window)[drawn], groups_of(unit), cloud.points_m[drawn], drawn)


def features_of(cloud: Cloud, window: Window) -> Float32[np.ndarray, "n c"]:
    """Return the features of a cloud's points in a window."""
    n, radius = len(cloud), window.radius_m
    columns = (
        (cloud.points_m - window.middle_m) / radius,
        cloud.normals,
        cloud.colours - 0.5,
        cloud.points_m[:, 2:] / HEIGHT_M,
        np.full((n, 1), np.log(radius / RADIUS_M)),
    )
    return np.concatenate(columns, axis=1).astype(np.float32)
