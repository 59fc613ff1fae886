"""Objects rest: placed on the table, nothing moves, in either engine."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.geometry import se3
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import Conditions, ObjectModel, Placement, Pose, Scene

#: Time at rest, and what may move in it: position of every link and angle.
REST_S, MOVED_M, TURNED_RAD = 2.0, 0.001, np.deg2rad(0.5)


def scene_with(model: ObjectModel) -> Scene:
    table = OBJECTS.get("table").build(0, "seen")
    placements = (
        Placement("thing", model, Pose.identity(), "target"),
        Placement("table", table, Pose.identity(), "support"),
    )
    return Scene("rest", placements, (), np.array([0.0, 0.0, -9.81]))


@pytest.mark.parametrize("engine", available_engines())
def test_objects_rest_where_they_are_placed(engine: str, model: ObjectModel) -> None:
    if model.category == "table":
        return
    backend = get_engine(engine)
    with backend.load(scene_with(model), Conditions()) as simulation:
        before = simulation.poses()
        simulation.step(round(REST_S / simulation.timestep_s))
        after = simulation.poses()
    for body, pose in before.items():
        moved = np.linalg.norm(after[body].position_m - pose.position_m)
        turned = se3.quat_angle_rad(after[body].quat_wxyz, pose.quat_wxyz)
        assert moved < MOVED_M, body
        assert turned < TURNED_RAD, body
