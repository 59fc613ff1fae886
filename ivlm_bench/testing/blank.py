"""Observations of nothing, for tests of what is read from elsewhere: lenses and poses by hand."""

from __future__ import annotations

import numpy as np

from ivlm_bench.types import Camera, GripperSpec, Observation, Pose, Query, View

#: Size of the views, px.
WIDE, HIGH = 8, 6
#: ``world_from_camera`` 1 m above the table, looking straight down: x is the world's x, y its -y, z
#: its -z.
DOWN = Pose.from_rotation(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0]))
#: The principal point is the middle of the view.
LENS = np.array([[10.0, 0.0, 3.5], [0.0, 10.0, 2.5], [0.0, 0.0, 1.0]])


def blank_observation(*cameras: Pose) -> Observation:
    """Return black views of 8 x 6 px from each pose (``DOWN`` if none), about a mug's handle."""
    views = tuple(
        View(Camera(LENS, pose, WIDE, HIGH), np.zeros((HIGH, WIDE, 3), np.uint8))
        for pose in cameras or (DOWN,)
    )
    query = Query("grasp", "mug", "handle", "Grasp the mug by its handle.")
    return Observation(views, query, GripperSpec(), np.array([0.0, 0.0, -9.81]))
