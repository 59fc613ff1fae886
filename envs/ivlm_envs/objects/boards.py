"""Boards and rods: the pieces that furniture and panels are put together from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.geometry.solids import Solid, cylinder
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.types import Pose

#: Axes that u and v run along on each chart of a box (+x, -x, +y, -y, +z, -z).
CHART_AXES = np.array([[1, 2], [1, 2], [0, 2], [0, 2], [1, 0], [1, 0]])

#: Rotations that turn the z axis to x, y and z.
_Z_TO = {
    "x": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "y": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
    "z": np.eye(3),
}

Interval = tuple[float, float]


def board(x: Interval, y: Interval, z: Interval, *, repeat_m: float = 0.16) -> Solid:
    """Return a sharp-edged board over three intervals (m), its texture repeating in metres.

    The texture starts at another place on every board, so that no two look alike.
    """
    low, high = np.array([x, y, z]).T
    size, centre = high - low, (low + high) / 2
    solid = box_solid(size)
    uv = solid.uv * size[CHART_AXES[solid.chart]] / repeat_m + 7.3 * centre.sum() / repeat_m
    return solid.with_uv(uv).at(*(float(c) for c in centre))


def rod(
    radius_m: float,
    span: Interval,
    axis: str,
    centre_m: Sequence[float],
    *,
    segments: int = 16,
    steps: int = 1,
) -> Solid:
    """Return a round rod along x, y or z, with ``steps`` rings along it.

    Parameters
    ----------
    span
        Where it starts and ends along its axis (m).
    centre_m
        Point (3,) on the centre line; its coordinate along the axis is not used.
    """
    turned = cylinder(radius_m, span[1] - span[0], segments=segments, steps=steps)
    centre = np.array(centre_m, np.float64)
    centre["xyz".index(axis)] = (span[0] + span[1]) / 2
    return turned.moved(Pose.from_rotation(_Z_TO[axis], centre))


def turned_to(solid: Solid, axis: str) -> Solid:
    """Return a solid made about z, turned so that its z axis points along +x, +y or +z."""
    return solid.moved(Pose.from_rotation(_Z_TO[axis], np.zeros(3)))
