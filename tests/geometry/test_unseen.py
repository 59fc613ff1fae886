from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.unseen import unseen_share
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Grasp, GripperSpec, Pose, Query, View

WALL = Block((0.0, 0.0, 0.08), (0.02, 0.16, 0.16))
DOWN = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=np.array([0.0, 1.0, 0.0]))


def views(n_views: int, *, has_depth: bool = True) -> tuple[View, ...]:
    query = Query("grasp", "wall", None, "Grasp the wall.")
    return table_observation((WALL,), query, n_views=n_views, has_depth=has_depth).views


def share(x_m: float, n_views: int, *, has_depth: bool = True) -> float:
    grasp = Grasp(Pose.from_rotation(DOWN, np.array([x_m, 0.0, 0.04])), 0.04)
    return unseen_share(views(n_views, has_depth=has_depth), grasp, GripperSpec())


@pytest.mark.parametrize(
    ("x_m", "n_views", "expected"),
    [(0.06, 1, 0.0), (-0.06, 1, 1.0), (-0.06, 4, 0.0), (0.06, 4, 0.0)],
)
def test_before_the_wall_is_seen_behind_it_is_not_but_from_behind(
    x_m: float, n_views: int, expected: float
) -> None:
    assert share(x_m, n_views) == expected


def test_without_depth_nothing_is_seen_to_be_free() -> None:
    assert share(0.06, 1, has_depth=False) == 1.0
