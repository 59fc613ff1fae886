"""What is near before anything moves: one answer for every engine, on the collision hulls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from ivlm_bench.engines import rig
from ivlm_bench.engines.mujoco_model import OBJECT_BITS, add_box, add_hull, compile_spec
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.geometry.proximity import face_planes, nearest_on_hull
from ivlm_bench.types import GripperSpec, Mesh, Pose, Scene

#: Iterations of the convex solver: enough for hulls of a hundred vertices.
CCD_ITERATIONS = 100
#: Distances above this are not told apart, metres; penetrations are what is asked.
DISTANCE_CAP_M = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class SurfacePoint:
    """A point of a scene's surface, world frame; ``distance_m`` (>= 0) from the asked point.

    ``normal`` points outwards. ``inside``: the asked point lies in the body.
    """

    body: str
    part: str
    distance_m: float
    point_m: Float64[np.ndarray, "3"]
    normal: Float64[np.ndarray, "3"]
    inside: bool = False

    @property
    def signed_distance_m(self) -> float:
        """The distance, negative inside, metres."""
        return -self.distance_m if self.inside else self.distance_m


@dataclass(frozen=True, eq=False, slots=True)
class PlacedHull:
    """One convex piece at its place at the start: world frame, with its face planes."""

    placement: str
    body: str
    part: str
    mesh: Mesh
    normals: np.ndarray
    offsets_m: np.ndarray


@lru_cache(maxsize=4)
def placed_hulls(scene: Scene) -> tuple[PlacedHull, ...]:
    """Return every hull of a scene in the world frame; the last scenes are remembered."""
    poses = body_poses(scene)
    found = []
    for placement in scene.placements:
        for link, part in placement.model.parts:
            body = placement.body(link)
            for hull in part.hulls:
                mesh = Mesh(poses[body].apply(hull.vertices_m), hull.faces)
                normals, offsets = face_planes(mesh)
                found.append(PlacedHull(placement.name, body, part.name, mesh, normals, offsets))
    return tuple(found)


def nearest_surface(scene: Scene, point_m: np.ndarray) -> SurfacePoint:
    """Return the point of the scene's collision hulls that is nearest to a world point.

    Inside several overlapping hulls it is the surface of the one that the point lies deepest in:
    the faces between pieces of one part are not a surface.

    Raises
    ------
    ValueError
        If the scene has no hulls.
    """
    point = np.asarray(point_m, dtype=np.float64)
    hulls = placed_hulls(scene)
    # The largest plane distance is a lower bound outside and exact inside.
    bounds = np.array([float((h.normals @ point - h.offsets_m).max()) for h in hulls])
    if bounds.min() <= 0.0:
        return _surface_point(hulls[int(np.argmin(bounds))], point)
    best: SurfacePoint | None = None
    for index in np.argsort(bounds, kind="stable"):
        if best is not None and bounds[index] >= best.distance_m:
            break
        found = _surface_point(hulls[index], point)
        if best is None or found.distance_m < best.distance_m:
            best = found
    if best is None:
        raise ValueError(f"The scene {scene.name!r} has no hulls.")
    return best


def _surface_point(hull: PlacedHull, point_m: np.ndarray) -> SurfacePoint:
    signed, nearest, normal = nearest_on_hull(hull.mesh, point_m)
    return SurfacePoint(hull.body, hull.part, abs(signed), nearest, normal, signed < 0.0)


class GripperClearance:
    """Static penetrations of an open gripper into a scene at its start.

    One query moves three boxes and asks MuJoCo only about pieces whose bounds they touch.
    """

    def __init__(self, scene: Scene) -> None:
        hulls = placed_hulls(scene)
        self._names = tuple(p.name for p in scene.placements)
        self._owners = [hull.placement for hull in hulls]
        vertices = [hull.mesh.vertices_m for hull in hulls]
        self._low = np.array([v.min(axis=0) for v in vertices]).reshape(-1, 3)
        self._high = np.array([v.max(axis=0) for v in vertices]).reshape(-1, 3)
        self._model, self._state = _still_model(scene)
        self._first_tool = self._model.ngeom - len(rig.GRIPPER_BODIES)

    def penetrations(
        self, world_from_gripper: Pose, opening_m: float, spec: GripperSpec
    ) -> Mapping[str, float]:
        """Return the deepest penetration (m, >= 0) of pads and palm into each placement."""
        deepest = dict.fromkeys(self._names, 0.0)
        rotation, origin = world_from_gripper.rotation, world_from_gripper.position_m
        model, state = self._model, self._state
        for number, box in enumerate(open_boxes(spec, opening_m)):
            geom = self._first_tool + number
            centre = rotation @ np.array(box.centre_m) + origin
            reach = np.abs(rotation) @ np.array(box.half_m)
            near = (self._low <= centre + reach).all(axis=1)
            near &= (self._high >= centre - reach).all(axis=1)
            if not near.any():
                continue
            model.geom_size[geom] = box.half_m
            state.geom_xpos[geom] = centre
            state.geom_xmat[geom] = rotation.ravel()
            for other in np.flatnonzero(near):
                gap = mujoco.mj_geomDistance(model, state, int(other), geom, DISTANCE_CAP_M, None)
                owner = self._owners[other]
                deepest[owner] = max(deepest[owner], -gap)
        return deepest


def open_boxes(spec: GripperSpec, opening_m: float) -> tuple[rig.Box, rig.Box, rig.Box]:
    """Return palm, left and right pad in the gripper frame, ``opening_m`` apart."""
    x, half = rig.pad_x_m(spec, opening_m), rig.pad_half_m(spec)
    return (
        rig.palm_box(spec),
        rig.Box((-x, 0.0, 0.0), half),
        rig.Box((x, 0.0, 0.0), half),
    )


def _still_model(scene: Scene) -> tuple[Any, Any]:
    """Return a model with every hull in the world, in the order of ``placed_hulls``, then tools."""
    spec = mujoco.MjSpec()
    spec.option.ccd_iterations = CCD_ITERATIONS
    for index, hull in enumerate(placed_hulls(scene)):
        add_hull(spec, spec.worldbody, f"hull{index}", hull.mesh)
    for name, box in zip(rig.GRIPPER_BODIES, open_boxes(GripperSpec(), 0.0), strict=True):
        add_box(spec.worldbody, name, box, bits=OBJECT_BITS)
    model = compile_spec(spec, scene.name)
    state = mujoco.MjData(model)
    mujoco.mj_kinematics(model, state)
    return model, state
