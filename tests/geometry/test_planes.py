from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.geometry.planes import in_front, upright_planes
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query

QUERY = Query("open", "cabinet", None, "Open it.")


@pytest.mark.parametrize("yaw", [0.0, 0.3, 1.2])
def test_the_sides_of_a_block_are_found_with_normal_and_offset(yaw: float) -> None:
    size = (0.10, 0.14, 0.12)
    block = Block((0.01, -0.02, 0.06), size, yaw_rad=yaw)
    planes = upright_planes(object_cloud(table_observation((block,), QUERY).views))
    assert len(planes) == 4
    for side in range(4):
        turn = yaw + side * np.pi / 2
        normal = np.array([np.cos(turn), np.sin(turn), 0.0])
        plane = planes[int(np.argmax([p.normal @ normal for p in planes]))]
        assert plane.normal @ normal > np.cos(np.deg2rad(0.5))
        expected = normal @ [0.01, -0.02, 0.0] + size[side % 2] / 2
        assert plane.offset_m == pytest.approx(expected, abs=5e-4)


def test_a_knob_stands_out_in_front_and_nothing_else() -> None:
    block = Block((0.0, 0.0, 0.06), (0.10, 0.14, 0.12))
    knob = Block((0.06, 0.02, 0.08), (0.02, 0.02, 0.02))
    cloud = object_cloud(table_observation((block, knob), QUERY).views)
    front = max(upright_planes(cloud), key=lambda p: float(p.normal[0]))
    out = cloud.points_m[in_front(cloud, front, nearest_m=0.005, farthest_m=0.05)]
    assert len(out) > 20
    assert out.min(axis=0) == pytest.approx([0.055, 0.01, 0.07], abs=0.003)
    assert out.max(axis=0) == pytest.approx([0.07, 0.03, 0.09], abs=0.001)
